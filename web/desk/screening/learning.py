"""Which record comes next: a linear classifier over the terms of title and abstract.

Terms and pairs of terms, weighted by sublinear tf-idf (float32, rows of length 1), and a linear
support vector machine with squared hinge loss that is trained anew at every decision, on all
included records and at most :data:`MOST_EXCLUDED` excluded ones, so that a decision costs the same
at the end of a screening as in its middle. Inclusions are rare: excluded records together weigh
:data:`EXCLUDED_WEIGHT` of what the included weigh. The form is the one that ASReview's ELAS u4
takes (SVM over tf-idf with bigrams, github.com/asreview/asreview-optuna), so that figures compare.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack

from search.records import guess_language
from search.text.terms import terms

MOST_EXCLUDED = 2_000
EXCLUDED_WEIGHT = 1 / 9.8
C = 0.11
# Of why a record comes next, so many terms are told.
_TOLD = 6
_WORD = re.compile(r"(?u)\b\w\w+\b")

Labels = Mapping[str, bool]


@dataclass(frozen=True)
class Features:
    """Records as rows of weighted terms.

    ``matrix`` is (records, terms), float32, CSR; ``names`` are the terms. A term that only one
    record has tells nothing of others, and most pairs are such: it has no column. What a record has
    of them together, ``alone`` (records,) float32, still makes the record less like the others, and
    training counts it as a term of the record's own, to the same effect.
    """

    ids: tuple[str, ...]
    matrix: csr_matrix
    alone: NDArray[np.float32]
    names: NDArray[np.object_]
    places: Mapping[str, int]
    query: Callable[[str], NDArray[np.float32]]


@dataclass(frozen=True)
class Ranking:
    """Scores of all records, (records,) float32, the higher the sooner; ``weights`` (terms,) are
    what each term adds to it."""

    features: Features
    scores: NDArray[np.float32]
    weights: NDArray[np.float32]

    def order(self, among: Sequence[str]) -> list[str]:
        """``among``, the best first, ties in the order given."""
        places = np.array([self.features.places[i] for i in among], dtype=np.int64)
        found = np.argsort(-self.scores[places], kind="stable")
        return [among[int(i)] for i in found]

    def best(self, among: Sequence[str]) -> str:
        """The first of :meth:`order`."""
        places = np.array([self.features.places[i] for i in among], dtype=np.int64)
        return among[int(np.argmax(self.scores[places]))]

    def why(self, record_id: str) -> list[tuple[str, float]]:
        """The terms of a record that weigh most for it, with what each adds to its score."""
        row = self.features.matrix[self.features.places[record_id]]
        added = row.data * self.weights[row.indices]
        best = np.argsort(-added)[:_TOLD]
        return [
            (str(self.features.names[row.indices[i]]), float(added[i]))
            for i in best
            if added[i] > 0
        ]


def features(texts: Mapping[str, str]) -> Features:
    """Weigh the terms of texts (title and abstract), given by record id.

    Japanese texts are cut into words by Sudachi, as for search; others at what is no letter or
    digit.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer=words_and_pairs,
        # Where there are few records, what nearly all of them have may still be of use.
        max_df=0.95 if len(texts) >= _SOME else 1.0,
        sublinear_tf=True,
        dtype=np.float32,
    )
    if any(map(words_and_pairs, texts.values())):
        matrix = csr_matrix(vectorizer.fit_transform(texts.values()))
        names = vectorizer.get_feature_names_out()
    else:
        matrix, names = csr_matrix((len(texts), 1), dtype=np.float32), np.array([""], dtype=object)
    shared = np.bincount(matrix.indices, minlength=matrix.shape[1]) > 1
    kept = matrix[:, np.flatnonzero(shared)]
    whole, rest = (np.asarray(m.multiply(m).sum(axis=1)).ravel() for m in (matrix, kept))
    alone = np.sqrt(np.maximum(whole - rest, 0)).astype(np.float32)
    ids = tuple(texts)

    def query(text: str) -> NDArray[np.float32]:
        if not hasattr(vectorizer, "vocabulary_"):
            return np.zeros(kept.shape[1], dtype=np.float32)
        found: NDArray[np.float32] = vectorizer.transform([text])[:, shared].toarray()[0]
        return found

    return Features(
        ids,
        csr_matrix(kept),
        alone,
        names[shared],
        {record_id: place for place, record_id in enumerate(ids)},
        query,
    )


_SOME = 20


def words_and_pairs(text: str) -> list[str]:
    """The words of a text, lower case, and each two that follow one another."""
    words = terms(text) if guess_language(text) == "ja" else _WORD.findall(text.lower())
    return words + [f"{a} {b}" for a, b in pairwise(words)]


def ranking(found: Features, labels: Labels, wish: str = "") -> Ranking:
    """Order records by decisions: ``labels`` say of each record that was decided on whether it was
    included. As long as nothing, or only one kind, was decided, records are ordered by likeness to
    ``wish`` (criteria, words), away from what was excluded.
    """
    included = [found.places[i] for i, chosen in labels.items() if chosen and i in found.places]
    excluded = [found.places[i] for i, chosen in labels.items() if not chosen and i in found.places]
    if included and excluded:
        weights = _trained(found, included, excluded[-MOST_EXCLUDED:])
    else:
        weights = found.query(wish)
        for rows, sign in ((included, 1.0), (excluded, -0.5)):
            if rows:
                mean = np.asarray(found.matrix[rows].mean(axis=0), dtype=np.float32).ravel()
                weights = weights + np.float32(sign) * mean
    return Ranking(found, np.asarray(found.matrix @ weights), weights)


def probabilities(found: Features, labels: Labels, among: Sequence[str]) -> NDArray[np.float64]:
    """How probable it is of each record of ``among``, (len(among),), that it would be included.

    Scores become probabilities by a logistic curve (Platt scaling) fitted to decisions whose scores
    come from classifiers that did not see them. Empty where there are too few decisions of a kind.
    """
    from sklearn.linear_model import LogisticRegression

    known = [(found.places[i], chosen) for i, chosen in labels.items() if i in found.places]
    kinds = [[row for row, chosen in known if chosen is kind] for kind in (True, False)]
    if min(map(len, kinds)) < _FEWEST:
        return np.zeros(0)
    scores, truth = [], []
    for fold in range(_FOLDS):
        taught = [[r for n, r in enumerate(rows) if n % _FOLDS != fold] for rows in kinds]
        weights = _trained(found, taught[0], taught[1][-MOST_EXCLUDED:])
        for rows, kind in zip(kinds, (True, False), strict=True):
            held = rows[fold::_FOLDS]
            scores += (found.matrix[held] @ weights).tolist()
            truth += [kind] * len(held)
    curve = LogisticRegression(C=1e3).fit(np.array(scores)[:, None], truth)
    places = [found.places[i] for i in among]
    if not places:
        return np.zeros(0)
    own = ranking(found, labels).scores[places]
    told: NDArray[np.float64] = curve.predict_proba(own[:, None])[:, 1]
    return told


# Of either kind, so many decisions are needed to tell probabilities.
_FEWEST = 5
_FOLDS = 3


def _trained(
    found: Features, included: Sequence[int], excluded: Sequence[int]
) -> NDArray[np.float32]:
    from sklearn.svm import LinearSVC

    rows = np.array([*included, *excluded])
    labels = np.zeros(len(rows), dtype=np.int8)
    labels[: len(included)] = 1
    weight = np.full(len(rows), EXCLUDED_WEIGHT * len(included) / len(excluded))
    weight[: len(included)] = 1.0
    weight *= len(rows) / weight.sum()
    # Only terms of what was decided on can get a weight: the others cost time.
    chosen = found.matrix[rows]
    used, columns = np.unique(chosen.indices, return_inverse=True)
    shape = (len(rows), len(used))
    taught = hstack(
        [csr_matrix((chosen.data, columns, chosen.indptr), shape=shape), diags(found.alone[rows])],
        format="csr",
    )
    model = LinearSVC(C=C, loss="squared_hinge", random_state=0, max_iter=1000, tol=1e-3)
    model.fit(taught, labels, sample_weight=weight)
    weights = np.zeros(found.matrix.shape[1], dtype=np.float32)
    weights[used] = model.coef_[0][: len(used)]
    return weights
