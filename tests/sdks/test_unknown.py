"""No SDK sends an attribute or a field of its own that the page "Ingest health" would call unknown."""

import pytest

from tests.sdks.conftest import ALL, World

OWN = {"ai-sdk": {"round", "index", "end"}}  # what the program itself (js/ai_sdk.mjs) puts on its spans


@pytest.mark.parametrize("project", ALL)
def test_nothing_that_an_sdk_sends_is_unknown(world: World, project: str) -> None:
    unknown = set(world.found(project)["unknown"])
    assert unknown == OWN.get(project, set()), ", ".join(sorted(unknown))
