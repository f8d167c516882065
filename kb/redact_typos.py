"""A word as people mistype it."""

import re

# What lies beside a letter on the keyboard.
_BESIDE = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        """qswz vghn xdfv erscxf wsdr rtgdvc tyfhvb yugjbn uojk uihknm iojlm opk njk bhjm iplk ol wa etdf
        awedxz ryfg yihj cfgb qase zsdc tugh asx""".split(),
        strict=True,
    )
)


def slips(word: str) -> str:
    """A pattern of `word` with one slip in it: a letter lacking, too many or for one beside it, or two of them swapped.

    Not of the word itself. Of a lacking last letter nothing is said: what is left may be a word of its own.
    """
    made = set()
    for at, letter in enumerate(word):
        made |= {word[:at] + other + word[at + 1 :] for other in _BESIDE[letter]}
        made |= {word[:at] + more + word[at:] for more in word if at}  # one too many, of its own letters
        if at + 1 < len(word):
            made.add(word[:at] + word[at + 1 :])
            made.add(word[:at] + word[at + 1] + letter + word[at + 2 :])
    return "|".join(sorted(map(re.escape, made - {word})))
