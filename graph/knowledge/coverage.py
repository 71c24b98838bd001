"""Whether the articles say anything about a question, judged by its words alone.

BM25 always finds a best passage, also for a question that has no business here. The evidence that it has are
words of it that stand together in one place. They are counted in the best passage and in the best article,
and the mean of the two is taken:

    evidence = words that match + SUBJECT * their subject weights - UNKNOWN * share of words in no article
    covered  when evidence >= GROWTH * ln(passages) - START, but at least LEAST and at most words + 0.5

A word's subject weight is, of the articles that hold it, the share that has it in a title or heading. It
makes up for what rarity gets wrong: "card" and "account" are in every article of a bank, so a search makes
little of them, yet they are the surest sign that a question is about the bank, while "number" is as common
and heads nothing. The threshold grows with the passages: the more there are, the more words one shares by
chance. A question of one or two words that carry meaning cannot share three.

The round numbers were chosen on 49 long openings to a bank (698 articles), 110 questions to the sample
shop, 40 unrelated ones and CLINC150's validation questions. Of questions that had no part in it (CLINC150's
training questions, every fifth; Banking77's, every tenth) these are judged covered:

    bank   87 % of short bank questions of CLINC150 and 77 % of Banking77, which is another bank's;
           6 % of everyday questions to a voice assistant; 8 of 100 out of scope, half of them about banking
    shop   9 % of the everyday questions, 6 of 100 out of scope

and of those that the numbers were chosen on: 49 of 49 openings; 82 % of the shop's; of the unrelated ones
1 of 40 at the bank ("why is the sky blue": it has a Sky Blue Account) and 1 of 40 at the shop. Weak are
short questions in other words than the article's ("do you take amex?").
tests/graph/knowledge/test_quality.py measures it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from graph.knowledge.index import Postings, WordIndex

SUBJECT = 2.0
UNKNOWN = 2.0
GROWTH, START, LEAST = 0.6, 1.8, 1.5


def coverage(index: WordIndex, terms: Sequence[str]) -> float | None:
    """Return 0 to 1, covered from 0.5 up; None for a question without words that carry meaning."""
    asked = [term for term in dict.fromkeys(terms) if not term.isdigit()]
    if not asked:
        return None
    known = [index.vocabulary[term] for term in asked if term in index.vocabulary]
    unknown = 1 - len(known) / len(asked)
    together = sum(_best(index, known, postings) for postings in (index.by_passage, index.by_article)) / 2
    evidence = max(0.0, together - UNKNOWN * unknown)
    enough = min(max(LEAST, GROWTH * log(len(index.passages)) - START), len(asked) + 0.5)
    return evidence / (evidence + enough)


def _best(index: WordIndex, known: list[int], postings: Postings) -> float:
    """Return the highest sum of matching words and their subject weights in one passage or article."""
    if not known:
        return 0.0
    places = [postings.of(term) for term in known]
    weights = np.repeat(1 + SUBJECT * index.subject[known], [len(place) for place in places])
    return float(np.bincount(np.concatenate(places), weights=weights).max(initial=0.0))
