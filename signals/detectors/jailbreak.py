"""The user, or a text that the agent reads for them, tries to make it drop its rules, leak its instructions or help with harm.

Fixed phrases of known attacks in English, German, Spanish and French; the head reads English.
"""

import re

from signals.detectors.batch import Batch, Detector, Finding, Turn
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.heads import READ_WORDS, load_head
from signals.detectors.judging import WORTH_SHOWING, judge, telling_words
from signals.detectors.phrases import Rule, combined, evidence
from signals.models.definitions import Reads, Sentiment

HEAD = "jailbreak"
RULE = Rule(
    strong=[
        "(ignore|disregard|forget|override|bypass|do not follow|stop following) (all |any |every |of |the |your |my |our |everything |these |those )*(previous|prior|above|earlier|preceding|former|initial|original|system|existing|safety|content|ethical|openai)( [a-z]{1,15})? ?(instructions?|prompts?|rules?|guidelines?|directions?|policies|policy|programming|messages?|commands?|filters?|text)",
        "(ignore|disregard|forget) (all |any |of |the )*(your |my )?(instructions|rules|guidelines|programming|restrictions|policies|training|limitations)",
        "(forget|ignore) everything (you|above|before|i)( were told| have been told| said| know)?",
        "(do anything now|jailbroken|jailbreak mode|dan mode|(ai|chatgpt|gpt|chatbot|language model|enter|simulate) ... developer mode|developer mode (output|policy|policies)|evil mode|opposite mode|unrestricted mode|uncensored mode)",
        "(you are|act as|be|become|pretend (to be|that you are|you're|you are)|simulate|roleplay as|role-play as|respond as|answer as|behave like|imagine you are) (now |going to |an? |the |like |as )*(dan|stan|dude|aim|evil|unfiltered|unrestricted|uncensored|amoral|immoral|unethical|jailbroken|evilbot|ai (without|with no)|chatbot (without|with no)|assistant (without|with no))",
        "(without|with no|free (of|from)|no|ignore|drop|bypass|get around|break) (any |all |your |the |of |its |content |ethical |moral |safety |or )*(ethical|moral|content|safety|censorship|openai)( or [a-z]{1,12})? ?(restrictions?|guidelines?|filters?|filtering|policies|policy|limits?|limitations?|rules|constraints|boundaries|principles|guardrails)",
        "(remove|disable|turn off|switch off|lift) (all |your |any of your |of |its )+(ethical |moral |safety |content |[a-z]{1,12} )?(restrictions?|guidelines?|filters?|filtering|policies|limitations?|rules|constraints|guardrails)",
        "(has|have|with|had) (no|zero|without) (restrictions|filters?|morals?|moral compass|ethics|rules|limits|limitations|boundaries|guidelines|censorship)",
        "(print|reveal|show|tell|repeat|output|display|give|leak|share|write|translate|summarize|what (is|are|was|were)|expose)( me| us| out)? (the |your |all |of |full |entire |exact |complete |hidden |secret |initial |original |confidential |verbatim |own )*(system prompt|system message|initial prompt|hidden prompt|secret prompt|initial instructions|hidden instructions|secret instructions|confidential instructions|exact instructions|original instructions|internal instructions|prompt text|text of your initial prompt|instructions you (were given|got|received)|pre-?prompt|base prompt|developer (message|prompt)|initiali[sz]ation (text|prompt|message))",
        "(your|the ai's|its own) (own |full |exact |entire |hidden |secret |confidential )*(system|hidden|secret|initial|internal|developer|base|confidential) (prompt|instructions?|message|rules|directives?)",
        "(convert|encode|repeat|print|output|dump|list|quote|reveal|translate|show( me)?) (all |the |of )*your (full |exact |entire |own )*(instructions|prompt|guidelines|configuration|directives)",
        "(everything|anything|all|text|words|what) (that )?(comes |came |stands |is |was )?(above|before) this (message|line|conversation|chat|prompt|sentence)",
        "you('ve| have| were| are| had)?( been)? (given|told|instructed) ... not (supposed|allowed|permitted) to (tell|share|reveal|show|disclose)",
        "(repeat|print|output) (all |the |everything |words |text |of )*above( this line| starting)?",
        "(start|begin) (your )?(response|answer|reply|message|output) (with|using) (the )?(following|exact|exactly|:|\"|')?.{0,40}\\b(sure|absolutely|of course|certainly|here is|here's|here are)",
        "(never|not|don't|do not|must not|can't|cannot|won't) (ever |to |start |begin |include |say |use |add |give |with )*(refuse|refuses|decline|disclaimers?|warnings?|\"?i'm sorry|\"?i cannot|\"?i can't|as an ai|break character|moral(i[sz]e|i[sz]ing)?|ethical concerns|that it can't|that you can't|negative sentences?)",
        "(content|safety|moderation) (policy|policies|filters?) (disabled|off|removed|bypassed|is off|are off|suspended|no longer apply)",
        "(admin|developer|root|system|sudo|debug) (override|mode activated|access code|unlock)",
        "(i am|i'm|this is|as) (your|the|an|a) (developer|creator|openai employee|anthropic employee|administrator|admin)( .{0,40}\\b(authorize|allow|switch|disable|bypass|override|unlock|turn off))",
        "(new|updated|real) (instructions?|task|system prompt|policy)( in effect)?\\s?:",
        # Orders to the agent in a text that it reads for the user.
        "(note|notice|message|instructions?|attention|important|warning|memo) ?(to|for|:)? (the |all |any |every )*(ai|a\\.i\\.|llms?|language models?|ai (assistants?|agents?|models?|systems?)|ai language models?|chatbots?|copilot|assistants?|agents)( that read this| reading this| processing this)? ?[:,]",
        "(if|when|because|since) you('re| are) an? (ai|llm|large language model|language model|bot|automated system|ai (assistant|agent|model|system))( ... )?(reading|screening|reviewing|processing|summari[sz]ing|parsing|,)",
        "(ai|llms?|agents?|assistants?|language models?|bots?) (agents?|assistants?|models?)? ?(that |who )?(reading|reads?|processing|process|summari[sz]ing) (this|the above|these lines)",
        "(the user|this user|the customer) (has |have )?(already |now )?(agreed|authori[sz]ed|approved|consented) ... (transfer|send|pay|delete|execute|without)",
        "(do not|don't|never|without) (tell|telling|inform|informing|notify|notifying|alert|alerting|mention|mentioning) ((it|this|that|anything) (to )?)?the user",
        '(reply|respond|answer) only with ?"?(pwned|hacked|access granted)',
        "(ignoriere|vergiss) (alle |deine |die |bisherigen |vorherigen )*(anweisungen|regeln|instruktionen)",
        "(ignora|olvida) (todas |las |tus |instrucciones )*(instrucciones|reglas)( anteriores)?",
        "(oublie|ignore) (toutes |tes |les |vos )*(instructions|consignes|règles)( précédentes)?",
    ],
    weak=[
        "(hypothetical(ly)?|fictional|purely fictional|for educational purposes|educational purposes only|for research purposes|in a world (where|without)|thought experiment)",
        "(unfiltered|uncensored|unrestricted|amoral|no restrictions|without restrictions|no limits|anything goes)",
        "(you are now|from now on,? you|pretend|act as|role-?play|simulate|in character)",
        "(base64|leetspeak|rot13|caesar cipher)",
        "(hack|hacking|malware|ransomware|keylogger|phishing|bomb|explosives?|meth|napalm|counterfeit|launder|identity theft|exploit|weapon|untraceable|poison|stalk|blackmail|defamatory)",
        "(begin|start) with (the )?(word|words|phrase|sentence)",
        "<\\|?(im_start|system|endoftext|inst)\\|?>|<<sys>>|\\[inst\\]",
    ],
    # "Let's not do anything now" puts something off.
    unless=[
        "(not|don't|didn't|won't|can't|cannot|needn't|never|without having to|have to|need to|please) do anything now"
    ],
    weak_weight=0.25,
)
NAMES = (
    "rule",
    "sure",
    "length",
    "marks",
    "odd characters",
    "pretends",
    "rare words",
    "harm",
    "harm and pretends",
    "care",
)
ODD = slice(NAMES.index("marks"), NAMES.index("care"))
# Words of what may do harm, and of those who mean to prevent it.
_HARM = """
abduct addict addicted amphetamine anthrax arson assassinate assault attack backdoor behead blackmail bomb bombs botnet bribe bully bullying burglar burglary
cheat cocaine con counterfeit crack crime criminal criminals deceive defamatory destroy detonate detonator discriminate drug drugs evade exploit exploits
explosive explosives extort extremist fake falsify forge forged fraud fraudulent genocide groom gun guns hack hacker hacking hate hateful heroin hijack
hotwire identity illegal illegally illicit impersonate inflammatory intimidate keylogger kidnap kill killer launder laundering lethal libel lie malicious malware
manipulate manipulates massacre meth methamphetamine minor molotov murder napalm nazi nerve nude nudes overdose pedophile phishing pipe piracy pirated plagiarize
poison poisoned poisoning porn pornographic propaganda pyramid racist rape ransom ransomware revenge rig riot rob sabotage sarin scam scheme sexist shoplift
smuggle smuggling spyware stalk stalking steal stealing stolen suicide swindle terror terrorist thermite threaten threatening torture traffic trafficking
trojan undetected untraceable uranium victim victims violence violent virus weapon weapons
"""
_CARE = """
advise against avoid aware awareness block caught defend detect differ difference documentary explain friend harden help helps history law laws lawful lawyer
legal legally parents penalty police policy prevent prevention principle protect protection quiz recognise recognize recover report safe safely safety secure
security spot stop summarize summary symptoms treat what why
"""
HARM, CARE = (frozenset(words.split()) for words in (_HARM, _CARE))
PRETENDS = re.compile(
    r"\b(?:you are (?:a|an|the|now)|pretend|imagine|act as|role-?play|fiction|story|hypothetical|character|scenario)\b"
)
MARKS = re.compile(r"[^\w\s.,!?'’\"()$%€£:;/-]")
ADDRESS = re.compile(r"\S+@\S+|https?://\S+|#{2,}\s?[A-Z]{2,12}\s?#{2,}")
# A snippet, a log or a command, which looks as odd as the noise that attacks append: the head alone does not tell them apart.
CODE = re.compile(
    r"=>|\(\)\s*[;{:]|^\s*(?:def|class|import|from|const|let|var|function|return|SELECT|#include)\b.*[;:({=]|Traceback|\b\w+(?:Error|Exception)\b|={5,}|"
    r"\bfatal:|^\s*[$>] \w+|```|</\w+>",
    re.MULTILINE,
)
IN_CODE = 0.45
# A short text in ordinary words, in which nothing is pretended and nothing is odd: the head alone takes complaints for attacks there, and 7 of
# 1,200 attacks are so (docs/benchmarks.md).
PLAIN, PLAIN_WORDS = 0.45, 40
LONG_WORD = re.compile(r"\b\w*[a-z][A-Z]\w*\b|\S{18,}")


def detect(batch: Batch) -> list[Finding]:
    judged = judge(load_head(HEAD), batch, "user", facts)
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.input
        if text.is_blank:
            continue
        hits = RULE.hits(text)
        by_head = judged.get(index, 0.0)
        if by_head >= WORTH_SHOWING and not hits and CODE.search(text.shown[:4000]):
            by_head *= IN_CODE
        elif by_head >= WORTH_SHOWING and not hits and _is_plain(turn):
            by_head *= PLAIN
        score = max(by_head, combined(hits, text))
        if hits:
            found.append(Finding(index, score, evidence("user", text, hits)))
        elif score >= WORTH_SHOWING:
            found.append(Finding(index, score, telling_words(load_head(HEAD), text, "user")))
    return found


def _is_plain(turn: Turn) -> bool:
    return turn.input.words < PLAIN_WORDS and not any(facts(turn)[ODD])


def facts(turn: Turn) -> list[float]:
    """In the order of NAMES."""
    text = turn.input
    hits = RULE.hits(text)
    # Addresses and a lone mark look as odd as the noise that attacks append; only noise goes on for long.
    shown = ADDRESS.sub(" ", text.shown[:4000])
    size = max(100, len(shown))
    words = text.words_of(READ_WORDS)
    harm = min(len(HARM.intersection(words)), 3) / 3
    pretends = float(PRETENDS.search(text.normal) is not None)
    return [
        combined(hits, text),
        float(any(hit.weight > 0.8 for hit in hits)),
        min(text.words, 200) / 100,
        min(len(MARKS.findall(shown)) / size * 10, 1.0),
        0.0 if shown.isascii() else min(sum(not c.isascii() for c in shown) / size * 10, 1.0),
        pretends,
        min(len(LONG_WORD.findall(shown)) / max(20, text.words) * 5, 1.0),
        harm,
        harm * pretends,
        min(len(CARE.intersection(words)), 3) / 3,
    ]


SIGNAL = BuiltIn(
    "jailbreak",
    "Jailbreak attempt",
    "The user, or a text that the agent reads for them, tries to make it drop its rules, leak its instructions or help with harm.",
    Reads.USER,
    Sentiment.NEGATIVE,
    USER_SIDE,
)
DETECTOR = Detector("jailbreak", 5, detect)
