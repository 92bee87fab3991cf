"use strict";
// The search box with a list of what may stand at the caret: <input data-complete="ID of the list">, read by htmx. Without it the box is a
// plain field. Down and Up choose, Enter or Tab take, Escape closes; Down in a box without a list asks for one.

for (const box of document.querySelectorAll("[data-complete]")) {
  const list = document.getElementById(box.dataset.complete);
  let chosen = -1;
  const options = () => [...list.querySelectorAll("[role=option]")];
  box.setAttribute("role", "combobox"); box.setAttribute("aria-autocomplete", "list"); box.setAttribute("aria-controls", list.id);
  const show = (open) => {
    list.hidden = !open; chosen = -1; box.setAttribute("aria-expanded", open); box.removeAttribute("aria-activedescendant");
  };
  const choose = (to) => {
    const all = options();
    if (!all.length) return;
    chosen = (to + all.length) % all.length;
    all.forEach((one, place) => one.setAttribute("aria-selected", place === chosen));
    box.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  };
  const take = (option) => {
    // A name goes on with its value; behind a value there is a space.
    const text = option.dataset.text, opens = /[:.]$/.test(text), end = Number(option.dataset.end);
    const before = box.value.slice(0, Number(option.dataset.start)) + text + (opens || box.value[end] === " " ? "" : " ");
    box.value = before + box.value.slice(end);
    box.focus(); box.setSelectionRange(before.length, before.length); show(false);
    if (opens) box.dispatchEvent(new Event("complete"));
  };
  show(false);
  box.addEventListener("htmx:configRequest", (event) => { event.detail.parameters.at = box.selectionStart; });
  list.addEventListener("htmx:afterSwap", () => show(options().length > 0 && document.activeElement === box));
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) { event.preventDefault(); take(option); }
  });
  box.addEventListener("blur", () => show(false));
  box.addEventListener("keydown", (event) => {
    if (list.hidden) {
      if (event.key === "ArrowDown") { event.preventDefault(); box.dispatchEvent(new Event("complete")); }
      return;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(event.key === "ArrowDown" ? chosen + 1 : Math.max(chosen, 0) - 1); }
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) { event.preventDefault(); take(options()[chosen]); }
    else if (event.key === "Escape") { event.preventDefault(); show(false); }
  });
}
