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

A word that the articles use as a name only (words.py tells) has a subject weight only in a question that
writes it as a name too: a bank with a Sky Blue Account says nothing about "why is the sky blue". The name
in small letters is enough with an ordinary word of the subject ("sky blue account"), but not alone.

The round numbers were chosen on 49 long openings to a bank (698 articles), 110 questions to the sample
shop, 40 unrelated ones and CLINC150's validation questions. Of questions that had no part in it (CLINC150's
training questions, every fifth; Banking77's, every tenth) these are judged covered:

    bank   87 % of short bank questions of CLINC150 and 77 % of Banking77, which is another bank's;
           6 % of everyday questions to a voice assistant; 7 of 100 out of scope, half of them about banking
    shop   9 % of the everyday questions, 5 of 100 out of scope

and of those that the numbers were chosen on: 49 of 49 openings; 83 % of the shop's; of the unrelated ones
0 of 40 at the bank and 1 of 40 at the shop. Of 20 written to share a word with the bank's articles by
accident 2 are covered ("how do I mix paint to get a dark green?": it writes green both ways). Weak are short
questions in other words than the article's ("do you take amex?").
tests/graph/knowledge/test_quality.py measures it again.
"""

from __future__ import annotations

from math import log

import numpy as np

from graph.knowledge.index import Floats, Postings, WordIndex
from graph.knowledge.words import Terms

SUBJECT = 2.0
UNKNOWN = 2.0
GROWTH, START, LEAST = 0.6, 1.8, 1.5


def coverage(index: WordIndex, terms: Terms) -> float | None:
    """Return 0 to 1, covered from 0.5 up; None for a question without words that carry meaning."""
    asked = [term for term in dict.fromkeys(terms.words) if not term.isdigit()]
    if not asked:
        return None
    known = [term for term in asked if term in index.vocabulary]
    if not known:
        return 0.0
    weights = _weights(index, known, terms.named)
    unknown = 1 - len(known) / len(asked)
    both = (index.by_passage, index.by_article)
    together = sum(_best(index, known, weights, postings) for postings in both) / 2
    evidence = max(0.0, together - UNKNOWN * unknown)
    enough = min(max(LEAST, GROWTH * log(len(index.passages)) - START), len(asked) + 0.5)
    return evidence / (evidence + enough)


def _weights(index: WordIndex, known: list[str], named: frozenset[str]) -> Floats:
    """Return what each word counts where it matches."""
    subject: Floats = index.subject[[index.vocabulary[term] for term in known]]
    meant = [term in named or term not in index.names for term in known]
    return 1 + SUBJECT * subject * meant


def _best(index: WordIndex, known: list[str], weights: Floats, postings: Postings) -> float:
    """Return the highest sum of the weights of words that match in one passage or article."""
    places = [postings.of(index.vocabulary[term]) for term in known]
    spread = np.repeat(weights, [len(place) for place in places])
    return float(np.bincount(np.concatenate(places), weights=spread).max(initial=0.0))
