"""
Mojibake detection in Western text: does what was read in an 8-bit encoding look like what people write?

Wrong readings give words that no language has: `zŠhlten` and `Garc’a` (Mac Roman), `Dvoøák` (Central European), `Ç½ÉÏ`
(Chinese), `Ïðèâåò` (Russian). The rules look at one word at a time, and know neither files nor encodings. They rather
doubt a rare word than pass a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_WEST = [
    *"àâæçéèêëîïôœùûüÿ äöüßéèà áéíóúüñ áâãàçéêíóôõúü àèéìíîòóùú àçèéíïòóúü æøåéèêôó åäöéüšžá ëïéèöüóêûô".split(),
    *"áéíóúýšžôä áéíóúöü âîë çöüâîû ëç šž àèìòù æœéèêëïöôçñ".split(),
    "áðéíóúýþæö",
]
_EAST = [
    *"ąćęłńóśźż áčďéěíňóřšťúůýžöü áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîșț ăâîşţ čćđšž çğıiöşüâîû\u0307".split(),
    *"āčēģīķļņšūžōŗ ąčęėįšųūž".split(),
]
_ALPHABETS = [frozenset(letters) for letters in (*_WEST, *_EAST)]
"""The letters beyond ASCII of one language, or of neighbours: no word has letters of two lists."""

_LETTER = "[A-Za-zÀ-ÖØ-öø-\u024f\u0370-\u1fff\u3040-\ud7ff]"
_CONSONANT = "[b-df-hj-np-tv-xz]"
_BAD_SIGNS = re.compile(
    "|".join(
        (
            rf"(?<={_LETTER})(?<![kKMG])€|€(?={_LETTER})",
            rf"{_LETTER}[‚„¡¿¤¦¨¯¸˜ˆ‰ƒ†‡¼½¾÷¢£¥§°¹µ¶]|\d[¡¿ß-çé-ÿœšžŸŠŽŒ]",
            rf"[¤¦¨¯¸˜ˆ‰ƒ†‡÷¢£¥¾¼¹²]{_LETTER}|‚{_LETTER}[^‘]*$|^´{_LETTER}",
            "¤",
            "[À-ÖØ-öø-ÿŒœŠšŽžŸ]{3}|[²³¹°±][¡-§]|[¢£¥¦§¨©ª¬®¯´¶¸º¼½¾][¡-ª¬-ºÀ-ÿ]|[À-ÿ][¡-ª¬¯±´-¶¸-º¼-¾]|[°±²³µ·¹][À-ÿ]",
            rf"{_LETTER}{{2}}[ªº]|[ªº](?![CFKNSEW]){_LETTER}",
            r"°[a-zß-ÿ]|[©™®²³][a-zß-ÿ]",
            rf"(?<!{_LETTER})…[a-zß-ÿ]",
            rf"(?<={_LETTER})‘(?![aeiou])|(?<={_LETTER})(?<![aeiou])‘",
            rf"{_LETTER}[•“”„‹›«»¬¶®©±]{_LETTER}",
            rf"{_LETTER}´(?!(?:s|t)\b){_LETTER}",
            rf"{_LETTER}{{4}}³|{_LETTER}…;|[a-z]•|\$[¹²³]|—[;,]|–—|—–|[†‡•]-|£[^\s\d.,;:()/–-]|[ˇ˘˙˛˝]",
            r"\{[–—]|\d£|\$[±¶§]",
            r"[$^_=\\][À-ɏ]|[À-ɏ][$^_=\\\]`]",
            rf"(?<!{_LETTER})[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]+\xa0[a-z]|{_LETTER}\xa0[b-df-hj-np-tv-xz]+(?!{_LETTER})",
            r"\bLu’s\b|[\x80-\x9f\ufffd\ud800-\udfff]",
        )
    )
)
_BAD_WORD = re.compile(
    "|".join(
        (
            rf"ñ(?:{_CONSONANT}|$)",  # ń
            r"[aeiouy]æ$|æ[aiu]",  # ć
            r"øi|øe[^rnstd]",  # ř
            r"ã[^oeis]|ãs.|ãi(?!b)|[aeiou]ã$",  # ă
            r"(?<!^v)õ(?!e)",  # ő
            rf"{_CONSONANT}[šž](?:{_CONSONANT}|$)",  # ö, û of Mac Roman
            r"(?<!^)(?<!^[fcp])(?<!^am)(?<!diarrh)(?<!^ph)(?<!^hom)œ(?!u)|œ$|^œ[^udsicn]",  # ú of Mac Roman, ś
            r"ì(?=[a-zß-ÿ])|(?<!^b)ù(?=[a-zß-ÿ])|[ae]ù$",  # ě, ů
            r"è[aeiouyáéíóúý]|[aeiou]è$",  # č
            r"ê[kw]|êb[^a]|z[êæ]|ò[aeo]|w.*[áàíúì]|[áàíúì].*w",  # ę, ň
            rf"^[ßÿë]|^ç{_CONSONANT}|aá|eiá|[ea]uá|(?<![aou])ÿ|ÿ(?!s|e|$)",
        )
    )
)
_UPPER = "".join(char for char in map(chr, range(0xC0, 0x180)) if char.isupper())
_CASE = re.compile(rf"[a-zß-öø-ÿšžœ][{_UPPER}]|[{_UPPER}][A-Z{_UPPER}][a-z]|[A-Z][{_UPPER}][a-z]|Ð[a-z]")
_TAIL = "[¡-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"  # the bytes 80 to BF
_TWICE = re.compile(
    rf"Ã[¡-»¼-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“•–—˜™š›œžŸ]|Â[¡-¿]|â(?:€{_TAIL}|[‚„…†‡ˆ‰]{_TAIL})|(?:[ÐÑ]{_TAIL}){{2}}|(?:[à-ï]{_TAIL}{{2}}){{2}}"
    rf"|[ÎÏ][±-¿€‚ƒ„…†‡ˆ‰]|ï¬{_TAIL}"
)
_NORTH = frozenset("ðþý")
_SLAVIC_END = re.compile(r"(?:[nv]|sk|ck)ý$")
_ICELANDIC = re.compile("[áéíóúæ]|son$|s[os]nar?$|dóttir$")
_LAST_APOSTROPHE = re.compile(rf"(?!(?:po|mo|be|ca|va|fa)’){_LETTER}(?![sS]’|in’){_LETTER}’(?!{_LETTER})")
_CLOSING = re.compile(rf"{_LETTER}([“‹])")
_WORD = re.compile(rf"{_LETTER}+")
_APOSTROPHE = re.compile(rf"({_LETTER}+)’({_LETTER}+)")
_DASH = re.compile(rf"({_LETTER}+)([–—])({_LETTER}+)")
_SUFFIXES = frozenset("s t d m re ve ll clock".split())
_ELIDED = frozenset("d l n m s j t c qu un al ch k ng dov com cos anch quand qur yan tian chang".split())
_ELIDED_ENDS = ("qu", "ll", "nt", "un", "tt", "gl", "st", "rd")
_AFTER_D = frozenset("un en or os où il et on ai".split())
_SOFT_SIGN = re.compile(r"(?:ev|eva|in|ina|dovich|fand|ski|skii|sky|kov|nikov|man|chenko|yev|yan)$")  # Zel’dovich
_ALONE = frozenset("ÀÁÅÉÈÍÓÖØÚàáâåèéíòóöøúùü")


def oddities(tokens: Collection[str], *, most: int = 20) -> list[str]:
    """
    The tokens that no Western text has.

    Args:
        tokens: What stands between spaces and holds characters beyond ASCII.
        most: After so many nothing more is looked for.

    >>> oddities(["Müller", "Garc’a", "don’t", "zŠhlten", "“São", "Dvoøák", "5–10", "10³", "Ïðèâåò"])
    ['Garc’a', 'zŠhlten', 'Dvoøák', 'Ïðèâåò']
    """
    found: list[str] = []
    northern: list[str] = []  # words with ð, þ or ý, which Turkish texts give when they are read wrong
    is_icelandic = False
    has_single_quotes = any("‘" in token for token in tokens)
    closes = {"“": any("„" in token for token in tokens), "‹": any("›" in token for token in tokens)}
    for token in tokens:
        words = [word for word in _WORD.findall(token) if not word.isascii()]
        doubted = [word for word in words if not _NORTH.isdisjoint(word.lower()) and not _SLAVIC_END.search(word)]
        if any(_ICELANDIC.search(word.lower()) for word in doubted):
            is_icelandic = True
        elif doubted:
            northern.append(token)
        if (
            _BAD_SIGNS.search(token)
            or (not has_single_quotes and _LAST_APOSTROPHE.search(token))
            or any(not closes[quote[1]] for quote in _CLOSING.finditer(token))
            or not all(map(_is_word, words))
            or not _is_joined_well(token)
        ):
            found.append(token)
        if len(found) >= most:
            return found
    return found + ([] if is_icelandic else [token for token in northern if token not in found])


def nonsense(text: str) -> str | None:
    """
    Why a text is not what its author wrote, whatever the encoding of its file is; None if it is.

    Programs that read UTF-8 as cp1252 and write the result as UTF-8 leave `Ã¼` for ü; others write U+FFFD.

    >>> nonsense("GrÃ¶ÃŸe"), nonsense("CAFÉ”, MAÇÃO, Â, 5 â‰ˆ"), nonsense("Größe")
    ('UTF-8 that was read in another encoding: “GrÃ¶ÃŸe”', 'UTF-8 that was read in another encoding: “â‰ˆ”', None)
    """
    if "\ufffd" in text:
        return "characters that were lost (U+FFFD)"
    if found := _TWICE.search(text):
        start = max(text.rfind(" ", 0, found.start()), text.rfind("\n", 0, found.start())) + 1
        return f"UTF-8 that was read in another encoding: “{text[start : found.end() + 20].split()[0][:40]}”"
    return None


def _is_word(word: str) -> bool:
    lower = word.lower()
    beyond = {char for char in lower if char > "\x7f"}
    if len(word) == 1:
        return word in _ALONE or word > "\u0370"
    if not any(beyond <= alphabet for alphabet in _ALPHABETS) and not all(char > "\u0370" for char in beyond):
        return False
    if "Ÿ" in word and not word.isupper():
        return False
    return not (_CASE.search(word) or _BAD_WORD.search(lower))


def _is_joined_well(token: str) -> bool:
    """True if apostrophes and dashes between letters stand where writers put them."""
    if not all(_is_apostrophe(left, right) for left, right in _APOSTROPHE.findall(token)):
        return False
    for left, dash, right in _DASH.findall(token):
        ends = len(left), len(right)
        if dash == "—" and 1 in ends and not {left, right} & {"a", "A", "I", "y", "à"}:
            return False
        is_short = dash == "–" and (left[-1] + right[0]).islower() and min(ends) < 3
        if is_short and (ends[0] > 1 or ends[1] == 2 or (ends[1] == 1 and left in "aeou")):
            return False
        if dash == "–" and left in ("A", "E", "I", "O", "U") and right[0] in "aeiou":
            return False
    parts = token.strip("()[]{},.;:!?\"'“”‘’").split("-")
    return len(parts) < 2 or not any(
        len(part) == 1 and "À" <= part <= "ÿ" and (part != "à" or at == len(parts)) for at, part in enumerate(parts, 1)
    )


def _is_apostrophe(left: str, right: str) -> bool:
    before, after = left.lower(), right.lower()
    if after in _SUFFIXES or (before[-1] in "aeiou" and after[0] in "aeiou") or _SOFT_SIGN.fullmatch(after):
        return True
    if before == "d" and right.islower() and len(after) < 3:
        return after in _AFTER_D
    if before in _ELIDED or before.endswith(_ELIDED_ENDS):
        return after[0] in "aeiouyhàâäéèêëîïôöûœæ" or right[0].isupper()
    return before == "o" or left in ("Mc", "Mac")
