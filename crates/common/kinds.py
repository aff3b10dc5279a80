"""What a lesson's items are: pages, calls, or a kind of its own."""

from typing import NamedTuple


class Kind(NamedTuple):
    """What a lesson's items are, and their words: "Resized 24 pictures", "bytes": 8000."""

    name: str
    verb: str
    nouns: str
    unit: str = "result"
    is_counted: bool = True  # the summary says how many
    only_computes: bool = False


PAGE = Kind("page", "downloaded", "sites", "bytes")
CALL = Kind("call", "computed", "calls", is_counted=False, only_computes=True)
ASIDE = Kind("aside", "", "")  # drawn, and not counted: what a producer does
