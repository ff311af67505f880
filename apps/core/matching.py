"""How close a text is to what somebody typed: parts of words, Latin words with a slip of the finger, Chinese by its characters.

Latin words and numbers are cut into trigrams ("delta": "  d", " de", "del" ...), Chinese into single characters and pairs. An index of these grams
finds candidates; `score` then says how well one really matches.
"""

from __future__ import annotations

import re
import unicodedata

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")
LONGEST_QUERY, MOST_WORDS, MOST_GRAMS = 100, 6, 160


def normal(text: str) -> str:
    """One form for what looks alike: full-width and compatibility forms, case, accents."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """Runs of Chinese characters, runs of letters and digits."""
    return WORD.findall(normal(text))


def is_han(word: str) -> bool:
    return bool(re.match(rf"[{HAN}]", word))


def grams(text: str) -> set[str]:
    """What an index holds of a text; at most `MOST_GRAMS`, those of the first words."""
    found: dict[str, None] = {}
    for word in words(text):
        found.update(dict.fromkeys(_grams_of(word, whole=True)))
        if len(found) >= MOST_GRAMS:
            break
    return set(list(found)[:MOST_GRAMS])


def query_grams(text: str) -> set[str]:
    """What to look up: as `grams`, but the words may not be complete yet."""
    found: set[str] = set()
    for word in words(text[:LONGEST_QUERY])[:MOST_WORDS]:
        found.update(_grams_of(word, whole=False))
    return found


def _grams_of(word: str, *, whole: bool) -> list[str]:
    if is_han(word):
        pairs = [word[at : at + 2] for at in range(len(word) - 1)]
        return [*pairs, *word] if whole or not pairs else pairs
    padded = f"  {word} " if whole else f"  {word}"
    inner = [word[at : at + 3] for at in range(len(word) - 2)] if whole else []
    return list(dict.fromkeys([*(padded[at : at + 3] for at in range(len(padded) - 2)), *inner]))


def score(query: str, text: str) -> float:
    """0 (some word of the query has nothing like it in the text) to 1 (every word is a word of the text)."""
    wanted, known = words(query[:LONGEST_QUERY])[:MOST_WORDS], words(text)
    if not wanted or not known:
        return 0.0
    found = [max((closeness(one, other) for other in known), default=0.0) for one in wanted]
    return sum(found) / len(found) if all(found) else 0.0


def closeness(wanted: str, word: str) -> float:
    """1 the word, 0.9 its beginning, 0.75 a part of it, 0.6 the word with slips, 0.5 its beginning with slips, 0 else."""
    if wanted == word:
        return 1.0
    if word.startswith(wanted):
        return 0.9
    if is_han(wanted):
        return 0.75 if wanted in word else 0.55 * _shared_pairs(wanted, word)
    if len(wanted) >= 3 and wanted in word:
        return 0.75
    slips = slips_allowed(wanted)
    if not slips or is_han(word):
        return 0.0
    if abs(len(word) - len(wanted)) <= slips and distance(wanted, word, slips) <= slips:
        return 0.6
    return 0.5 if len(word) > len(wanted) > 4 and distance(wanted, word[: len(wanted)], slips) <= slips else 0.0


def slips_allowed(word: str) -> int:
    """None in short words and in numbers: there another digit is another number."""
    if len(word) < 4 or any(letter.isdigit() for letter in word):
        return 0
    return 1 if len(word) < 8 else 2


def _shared_pairs(wanted: str, word: str) -> float:
    """1.0 when at least three fifths of the pairs of three or more characters are there, else 0."""
    pairs = [wanted[at : at + 2] for at in range(len(wanted) - 1)]
    return 1.0 if len(wanted) >= 3 and sum(pair in word for pair in pairs) >= 0.5 * len(pairs) else 0.0


def distance(first: str, second: str, limit: int) -> int:
    """Letters to change, add, drop or swap with their neighbour; `limit` + 1 when it is more than the limit."""
    before: list[int] = []
    last = list(range(len(second) + 1))
    for row, letter in enumerate(first, 1):
        now = [row]
        for column, other in enumerate(second, 1):
            cost = min(last[column] + 1, now[column - 1] + 1, last[column - 1] + (letter != other))
            if before and column > 1 and letter == second[column - 2] and first[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        if min(now) > limit:
            return limit + 1
        before, last = last, now
    return min(last[-1], limit + 1)
