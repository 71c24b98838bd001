"""Whether a message reads like a question, in any script for its mark and seven languages for its words."""

from __future__ import annotations

import re

_MARK = re.compile("[?\uff1f؟¿⁇⁈‽⸮﹖︖՞፧꘏\u037e❓❔]")
_ADDRESS = re.compile(r"https?://\S+")
_SENTENCES = re.compile(r"[.!\n]+(?=\s|$)")
_WORD = re.compile(r"\w+")

GREETINGS = frozenset(
    "hi hello hey dear all team everyone please hallo moin servus bitte bonjour salut hola buenas "  # noqa: SIM905
    "ciao buongiorno salve hoi goedemorgen olá oi".split()
)

ASKING = frozenset(
    "what when where who whom whose which why how "  # noqa: SIM905
    "was wann wo wer wem wen wessen welche welcher welches welchen welchem warum wieso weshalb wie wieviel "
    "wohin woher womit wofür wozu worum "
    "quand où qui quel quelle quels quelles combien comment pourquoi quoi "
    "qué cuándo dónde quién quiénes cuál cuáles cómo cuánto cuánta cuántos cuántas adónde "
    "quando dove chi quale quali quanto quanta quanti quante perché perche cosa "
    "wat wanneer waar wie welk welke waarom hoe hoeveel waarmee "
    "quem qual quais quantos quantas onde porquê aonde".split()
)
"""First words that ask by themselves; accents stand where the word means something else without."""

ASKING_TWO = frozenset(
    f"{verb} {subject}"
    for verbs, subjects in (
        (
            "can could do does did is are was were will would should shall may might have has am",
            "i you we they he she it there the my your our this that these those anyone anybody someone",
        ),
        (
            "kann kannst können könnt könnte könnten darf gibt ist sind habt haben muss",
            "ich es man wir ihr du",
        ),
        ("est peut puis pouvez avez", "ce on je vous"),
        ("por para a", "que quê qué qui"),
        ("kan kun mag is heeft hebben moet", "ik het er je jullie men"),
        ("come", "posso si faccio mai funziona"),
        ("como", "posso faço funciona puedo hago"),
        ("posso puedo", "devolver cancelar trocar cambiar"),
    )
    for verb in verbs.split()
    for subject in subjects.split()
)
"""Two first words that ask only together."""


def reads_like_question(text: str) -> bool:
    """Tell whether a message has a question mark, or a sentence that begins as a question does."""
    text = _ADDRESS.sub(" ", text)
    return bool(_MARK.search(text)) or any(_asks(sentence) for sentence in _SENTENCES.split(text.casefold()))


def _asks(sentence: str) -> bool:
    words = _WORD.findall(sentence[:400])
    while words and words[0] in GREETINGS:
        words.pop(0)
    return bool(words) and (words[0] in ASKING or " ".join(words[:2]) in ASKING_TWO)
