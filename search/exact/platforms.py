"""The constructs of other platforms, a table each: what they look like and how to write them here.

Field codes and operators are as the platforms' own help pages list them.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from search.exact.foreign_syntax import Edit, Finder, Foreign, Kind, Platform, Scan
from search.text.variants import fold

_END = r"(?=[\s)\],;]|$)"
_BEFORE_OPERAND = r"(?:(?<=^)|(?<=[\s(]))"


def _each(
    platform: Platform,
    kind: Kind,
    pattern: str,
    here: Callable[[tuple[str, ...]], str | None],
    flags: re.RegexFlag = re.NOFLAG,
) -> Finder:
    """A construct that is replaced as a whole by what ``here`` makes of its groups."""
    compiled = re.compile(pattern, flags)

    def find(scan: Scan) -> Iterator[Foreign]:
        for match in compiled.finditer(scan.masked):
            groups = tuple(
                "" if match.start(i) < 0 else scan.text[slice(*match.span(i))]
                for i in range(compiled.groups + 1)
            )
            new = here(groups)
            edits = None if new is None else ((*match.span(), new),)
            yield Foreign(platform, kind, *match.span(), edits, (new or "").strip())

    return find


def _before(
    platform: Platform,
    pattern: str,
    codes: Mapping[str, str | None],
    flags: re.RegexFlag = re.NOFLAG,
) -> Finder:
    """A field in front of a phrase, a group or a word: here it stands behind."""
    compiled = re.compile(pattern, flags)

    def find(scan: Scan) -> Iterator[Foreign]:
        for match in compiled.finditer(scan.masked):
            code = codes.get(match.group(1).upper())
            end = scan.operand_end(match.end())
            edits: tuple[Edit, ...] | None = None
            if code is not None:
                edits = ((*match.span(), ""), (end, end, code))
            yield Foreign(platform, "field", *match.span(), edits, code or "")

    return find


def _nothing(_groups: tuple[str, ...]) -> None:
    """Nothing here means the same."""


# --- Ovid ---------------------------------------------------------------------------------------

_UNSUPPORTED = "as cm dc dd de dm ed em ep et id in is jx mw my ps px rw sb so st sx tn tx xs"
_OVID_FIELDS: Mapping[str, str | None] = {
    "ti": "[ti]",
    "ab": "[ab]",
    "tw": "[tw]",
    "mp": "[tw]",
    "af": "[all]",
    "kw": "[ot]",
    "kf": "[ot]",
    "ot": "[ot]",
    "hw": "[mh]",
    "sh": "[mh]",
    "mh": "[mh]",
    "nm": "[nm]",
    "rn": None,
    "fs": "[sh]",
    "pt": "[pt]",
    "au": "[au]",
    "jn": "[ta]",
    "jw": "[ta]",
    "la": "[la]",
    "lg": "[la]",
    "ui": "[pmid]",
    "yr": "[dp]",
    "dp": "[dp]",
    **dict.fromkeys(_UNSUPPORTED.split()),
}
# Without a full stop behind them only those that end no other word.
_SURE = "ti|ab|tw|mp|af|kw|kf|ot|hw|sh|nm|fs|pt"
# MeSH subheadings by the codes that Ovid writes behind a slash.
_CODES = (
    "ab abnormalities; ad administration & dosage; ae adverse effects; ag agonists; "
    "aa analogs & derivatives; an analysis; ah anatomy & histology; "
    "ai antagonists & inhibitors; bi biosynthesis; bl blood; bs blood supply; "
    "cf cerebrospinal fluid; cs chemical synthesis; ci chemically induced; ch chemistry; "
    "cl classification; co complications; cn congenital; ct contraindications; cy cytology; "
    "df deficiency; di diagnosis; dg diagnostic imaging; du diagnostic use; dh diet therapy; "
    "de drug effects; dt drug therapy; ec economics; ed education; em embryology; "
    "en enzymology; ep epidemiology; es ethics; eh ethnology; et etiology; ge genetics; "
    "gd growth & development; hi history; im immunology; in injuries; ir innervation; "
    "is instrumentation; ip isolation & purification; lj legislation & jurisprudence; "
    "ma manpower; me metabolism; mt methods; mi microbiology; mo mortality; nu nursing; "
    "og organization & administration; ps parasitology; py pathogenicity; pa pathology; "
    "pk pharmacokinetics; pd pharmacology; ph physiology; pp physiopathology; po poisoning; "
    "pc prevention & control; px psychology; re radiation effects; ra radiography; "
    "ri radionuclide imaging; rt radiotherapy; rh rehabilitation; sc secondary; se secretion; "
    "st standards; sn statistics & numerical data; sd supply & distribution; su surgery; "
    "tu therapeutic use; th therapy; to toxicity; tm transmission; tr transplantation; "
    "td trends; us ultrasonography; ul ultrastructure; ur urine; ut utilization; ve veterinary; "
    "vi virology"
)
_SUBHEADINGS: Mapping[str, str] = {entry[:2]: entry[3:] for entry in _CODES.split("; ")}
_OVID_SUFFIX = re.compile(
    r"(?<=[\w*$?\"')/#+])\s?\.((?:" + "|".join(_OVID_FIELDS) + r")(?:\s*,\s*(?:"
    + "|".join(_OVID_FIELDS) + r"))*)\.(?!\w)"
    rf"|(?<=[\w*$?\"')/#+])\.((?:{_SURE})(?:,(?:{_SURE}))*)(?=[\s)]|$)",
    re.IGNORECASE,
)  # fmt: skip
_SLASH = re.compile(r"(?<=[A-Za-z0-9\"*)])/((?:[a-z]{2}(?:\s*,\s*[a-z]{2})*)?)(?=[\s)\],.]|$)")
_BOUNDARY = re.compile(r".*(?:[(\[]|(?:^|[\s)])(?:and|or|not|adj\d*)\s)", re.IGNORECASE | re.DOTALL)
_LONGEST_HEADING = 120
_LONGEST_RANGE = 300


def _field_of(codes: str) -> str | None:
    """Our field for codes that a comma parts: that which holds them all."""
    names = [code.strip().lower() for code in codes.split(",")]
    ours = [_OVID_FIELDS.get(name) for name in names]
    if None in ours or not ours:
        return None
    found = set(ours)
    if len(found) == 1:
        return ours[0]
    if found <= {"[ti]", "[ab]"}:
        return "[tiab]"
    if found <= {"[ti]", "[ab]", "[tw]", "[ot]", "[mh]", "[nm]"}:
        return "[tw]"
    return None


def _ovid_suffix(scan: Scan) -> Iterator[Foreign]:
    for match in _OVID_SUFFIX.finditer(scan.masked):
        codes = match.group(1) or match.group(2)
        here = _field_of(codes)
        edits: tuple[Edit, ...] | None = ((*match.span(), here),) if here else None
        if here == "[sh]" and (
            code := re.search(r"(?<![\w])([a-z]{2})$", scan.masked[: match.start()])
        ):
            # dt.fs. names a subheading by its code.
            name = _SUBHEADINGS.get(code.group(1))
            edits = ((code.start(), match.end(), f'"{name}"[sh]'),) if name else None
        yield Foreign("Ovid", "field", *match.span(), edits, here or "")


def _heading(name: str, *, exploded: bool, major: bool = False) -> str:
    """A heading as it is written here: with what lies under it or alone, as main topic or not."""
    return f'"{name}"[{"majr" if major else "mh"}{"" if exploded else ":noexp"}]'


def _ovid_heading(scan: Scan) -> Iterator[Foreign]:
    for match in _SLASH.finditer(scan.masked):
        codes = [c.strip() for c in match.group(1).split(",") if c.strip()]
        from_ = max(0, match.start() - _LONGEST_HEADING)
        before = scan.masked[from_ : match.start()]
        boundary = _BOUNDARY.match(before)
        start = from_ + (boundary.end() if boundary else 0)
        # exp Wounds and Injuries/ is one heading.
        beginnings = list(re.finditer(r"\bexp(?:lode)?\s+(?!.*(?:/|\bor\b))", before))
        if beginnings and "(" not in before[beginnings[-1].start() :]:
            start = min(start, from_ + beginnings[-1].start())
        start += len(scan.masked[start : match.start()]) - len(
            scan.masked[start : match.start()].lstrip()
        )
        name = re.sub(
            r"^(?:exp(?:lode)?\s+)?\*?\s*",
            "",
            scan.text[start : match.start()],
            flags=re.IGNORECASE,
        ).strip('" *')
        if not name.isascii() or len(re.findall("[A-Za-z]", name)) < len("Ear"):
            continue
        known = all(code in _SUBHEADINGS for code in codes)
        if not known and not re.match(r"exp(?:lode)?\s|\*", scan.masked[start:], re.IGNORECASE):
            # and/or, mg/ml
            continue
        signs = re.match(r"(?:exp(?:lode)?\s+)?(\*?)", scan.masked[start:], re.IGNORECASE)
        exploded = re.match(r"exp(?:lode)?\s", scan.masked[start:], re.IGNORECASE) is not None
        here = _heading(name, exploded=exploded, major=bool(signs and signs[1]))
        if codes and known:
            several = " OR ".join(f'"{_SUBHEADINGS[code]}"[sh]' for code in codes)
            here = f"({here} AND ({several}))" if len(codes) > 1 else f"({here} AND {several})"
        clean = known and not set(name) & set('()[]"')
        edits = ((start, match.end(), here),) if clean else None
        yield Foreign("Ovid", "heading", start, match.end(), edits, here if clean else "")


def _lines(numbers: str, operator: str) -> str | None:
    """1-3,5 as #1 OR #2 OR #3 OR #5."""
    found: list[int] = []
    for part in re.split(r"\s*,\s*", numbers.strip()):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if not first <= last < first + _LONGEST_RANGE:
            return None
        found += range(first, last + 1)
    joined = f" {operator.upper()} ".join(f"#{n}" for n in found)
    return f"({joined})" if len(found) > 1 else joined


_ONLY_NUMBERS = re.compile(
    r"[\s(]*\d{1,3}[\s()]+(?:and|or|not)[\s()]+\d{1,3}"
    r"(?:[\s()]+(?:(?:and|or|not)[\s()]+)?\d{1,3})*[\s)]*",
    re.IGNORECASE,
)


def _numbered(scan: Scan) -> Iterator[Foreign]:
    """Lines by their bare numbers: 1 and (2 or 3), or beside what is Ovid's without doubt."""
    only = _ONLY_NUMBERS.fullmatch(scan.masked) is not None
    beside = next(_ovid_suffix(scan), None) or next(_ovid_heading(scan), None)
    if not only and not beside:
        return
    if only and re.search(r"\d\s+\d", scan.masked):
        # An operator is missing: nobody can say which.
        yield Foreign("Ovid", "line numbers", 0, len(scan.masked), None)
        return
    operand = re.compile(
        r"(?:(?:^|\()\s*|\b(?:and|or|not)\s+)(\d{1,3})(?=\s*(?:$|\)|(?<=\s)(?:and|or|not)\b))",
        re.IGNORECASE,
    )
    for match in operand.finditer(scan.masked):
        here = f"#{match.group(1)}"
        yield Foreign("Ovid", "line numbers", *match.span(1), ((*match.span(1), here),), here)


_CURED = (("?", "u", ""), ("?", "s", "z"), ("?", "a", ""), ("?", "o", ""))


def without_wildcards(word: str) -> str | None:
    """A word with signs for one letter or for some (``?``, ``#``, ``$``, ``*3``), as near as it can
    be written here: in one spelling where folding covers the other, else cut off."""
    inner = re.fullmatch(r"([A-Za-z-]+)\?([A-Za-z-]+)(\*?)", word)
    if inner:
        before, after, star = inner.groups()
        for _, one, other in _CURED:
            first, second = before + one + after, before + other + after
            if fold(first) == fold(second):
                return first + star
    stem = re.match(r"[A-Za-z0-9-]*", word)
    assert stem is not None
    return f"{stem.group()}*" if len(stem.group()) >= len("abc") else None


_WILD_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9*?#$-]*")
_WILD = re.compile(
    r"[A-Za-z0-9]\?[A-Za-z0-9]|[A-Za-z]{3}\?+$|[A-Za-z]{2}#[A-Za-z]|[A-Za-z]{3}#+$|(?<!US)(?<=[A-Za-z0-9]{2})\$(?:[A-Za-z]|\d*$)"
    r"|[A-Za-z]{3}\*\d+$|[A-Za-z]\?+\*$"
)
_NO_QUESTION = re.compile(r"[()\[\]\"/*$#?]|\b(?:AND|OR|NOT|and|or|not)\b")


def _wildcards(scan: Scan) -> Iterator[Foreign]:
    asked = scan.masked.rstrip()
    # What causes malaria? is a question.
    question = asked.endswith("?") and " " in asked and not _NO_QUESTION.search(asked[:-1])
    for match in _WILD_WORD.finditer(scan.masked):
        word = match.group()
        if not _WILD.search(word) or question:
            continue
        here = without_wildcards(word)
        edits = None if here is None else ((*match.span(), here),)
        yield Foreign("Ovid", "wildcard", *match.span(), edits, here or "")


_OVID: tuple[Finder, ...] = (
    _ovid_suffix,
    _ovid_heading,
    _numbered,
    _wildcards,
    _each("Ovid", "heading", rf"{_BEFORE_OPERAND}exp(?:lode)?\s+(?=[A-Z\"*])", _nothing),
    _each(
        "Ovid",
        "proximity",
        r"(?<=[\s)\"])adj(\d{1,2})(?=[\s(\"])",
        lambda g: f"NEAR/{max(0, int(g[1]) - 1)}",
        re.IGNORECASE,
    ),
    _each("Ovid", "proximity", r"(?<=[\w*)\"]\s)adj(?=\s[\w(\"])", lambda _: "ADJ/0"),
    _each(
        "Ovid",
        "line numbers",
        r"\b(or|and)/(\d{1,3}(?:\s*[-,]\s*\d{1,3})*)",
        lambda g: _lines(re.sub(r"\s*-\s*", "-", g[2]), g[1]),
        re.IGNORECASE,
    ),
    _each("Ovid", "frequency", r"/freq\s*=\s*\d+", _nothing, re.IGNORECASE),
    _each("Ovid", "limit", r"(?:^|(?<=\())\s*limit\s+\S.*?\bto\b.*", _nothing, re.IGNORECASE),
    _each("Ovid", "limit", r"^\s*remove duplicates from\b.*", _nothing, re.IGNORECASE),
    _each("Ovid", "limit", r"\buse\s+(?:medall|ppez|emez|emezd|cctr|psyb|prmz)\b", _nothing),
)

# --- Embase and the Cochrane Library --------------------------------------------------------------

_COLON_FIELDS = "ti|ab|kw|de|au|tn|mn|dn|tt|it|so|jt|la|pt|py|lnk|exp"


def _colon_field(groups: tuple[str, ...]) -> str | None:
    names = groups[1].lower().replace("de", "hw")
    return _field_of(names) if not set(names.split(",")) & {"tn", "mn", "dn", "it"} else None


def _embase_heading(groups: tuple[str, ...]) -> str:
    how = groups[0].rpartition(groups[1])[2].casefold().split("/")
    return _heading(groups[1], exploded="exp" in how, major="mj" in how)


_EMBASE: tuple[Finder, ...] = (
    _each(
        "Embase",
        "heading",
        r"(?<![\w'])'([^'\n]+)'/(?:exp|de|mj|syn|br)(?:/(?:mj|exp|de))?" + _END,
        _embase_heading,
    ),
    _each(
        "Embase",
        "heading",
        r"(?<![\w'\"/])([A-Za-z][\w-]*)/(?:exp|mj|syn|br|de)(?:/(?:mj|exp|de))?" + _END,
        _embase_heading,
    ),
    _each("Embase", "phrase", r"(?<![\w')])'(?=\S)([^'\n]*\S)'(?![\w'])", lambda g: f'"{g[1]}"'),
    _each("Embase", "limit", r"\[[^\[\]]*\]/(?:lim|py|sd)\b", _nothing, re.IGNORECASE),
    _each(
        "Embase and the Cochrane Library",
        "field",
        rf"(?<=[\w*\")'\]]):((?:{_COLON_FIELDS})(?:,(?:{_COLON_FIELDS}))*)" + _END,
        _colon_field,
        re.IGNORECASE,
    ),
    _each(
        "Embase and the Cochrane Library",
        "proximity",
        r"(?<=[\s)])NEXT(?:/(\d{1,2}))?(?=[\s(])|(?<=[\s)])next/(\d{1,2})(?=[\s(])",
        lambda g: f"ADJ/{max(0, int(g[1] or g[2] or 1) - 1)}",
    ),
)
_COCHRANE: tuple[Finder, ...] = (
    _each(
        "the Cochrane Library",
        "heading",
        r"\[mh\s+\^?\s*(\"[^\"]*\"|[^\]\"/]*)(?:/[^\]]*)?\]",
        lambda g: (
            None
            if "/" in g[0]
            else _heading(g[1].strip().strip('"'), exploded="^" not in g[0].partition('"')[0])
        ),
        re.IGNORECASE,
    ),
    _each(
        "the Cochrane Library",
        "heading",
        r"MeSH descriptor:?\s*\[([^\]]+)\]"
        r"(?:\s*(?:explode(?: all)?(?: \d+)? trees?|this term only))?",
        lambda g: _heading(g[1].strip(), exploded="only" not in g[0].rpartition("]")[2].casefold()),
        re.IGNORECASE,
    ),
    _each(
        "the Cochrane Library",
        "line numbers",
        r"\{(or|and)\s+#(\d+)\s*-\s*#?(\d+)\}",
        lambda g: _lines(f"{g[2]}-{g[3]}", g[1]),
        re.IGNORECASE,
    ),
)

# --- EBSCOhost ------------------------------------------------------------------------------------

_EBSCO_FIELDS: Mapping[str, str | None] = {
    "TI": "[ti]",
    "AB": "[ab]",
    "TX": "[all]",
    "SU": "[mh]",
    "MW": "[mh]",
    "AU": "[au]",
    "SO": "[ta]",
    "PT": "[pt]",
    "KW": "[ot]",
    "LA": "[la]",
}
_EBSCO_BARE = re.compile(rf"{_BEFORE_OPERAND}(TI|AB|TX)\s+(?=[A-Za-z])(?!AND\b|OR\b|NOT\b)")


def _ebsco_bare(scan: Scan) -> Iterator[Foreign]:
    """TI asthma: a field only where an operand begins, and with TI among them: AB blood is none."""
    found = [
        m
        for m in _EBSCO_BARE.finditer(scan.masked)
        if re.search(r"(?:^|\(|\b(?:and|or|not))\s*$", scan.masked[: m.start()], re.IGNORECASE)
    ]
    if len(found) < len(("TI", "AB")) and not any(m.group(1) == "TI" for m in found):
        return
    for match in found:
        end = scan.operand_end(match.end())
        # The field goes on over the words that follow.
        more = re.compile(r"(?:\s+(?!(?:and|or|not)\b)[^\s()\"]+)*", re.IGNORECASE).match(
            scan.masked, end
        )
        end = more.end() if more else end
        code = _EBSCO_FIELDS[match.group(1)] or ""
        edits = ((*match.span(), ""), (end, end, code))
        yield Foreign("EBSCOhost (CINAHL)", "field", *match.span(), edits, code)


_EBSCO: tuple[Finder, ...] = (
    _each(
        "EBSCOhost (CINAHL)",
        "heading",
        rf"{_BEFORE_OPERAND}(?:MH|MM|MJ|DE|ZU)\s+\"([^\"]*)\"",
        lambda g: _heading(
            g[1].rstrip("+ "), exploded="+" in g[1], major=g[0].lstrip(" (")[:2] in {"MM", "MJ"}
        ),
    ),
    _before(
        "EBSCOhost (CINAHL)",
        rf"{_BEFORE_OPERAND}(TI|AB|TX|SU|MW|AU|SO|PT|KW|LA)\s+(?=[\"(])",
        _EBSCO_FIELDS,
    ),
    _ebsco_bare,
    _each(
        "EBSCOhost (CINAHL)",
        "proximity",
        r"(?<=[A-Za-z*)\"]\s)N(\d{1,2})(?=\s+[A-Za-z(\"])(?!\s+[TM]\d)(?<![TM]\d\s.\d)",
        lambda g: f"NEAR/{g[1]}",
    ),
    _each(
        "EBSCOhost (CINAHL)",
        "proximity",
        r"(?<=[A-Za-z*)\"]\s)W(\d{1,2})(?=\s+[A-Za-z(\"])",
        lambda g: f"ADJ/{g[1]}",
    ),
)

# --- Web of Science -------------------------------------------------------------------------------

_WOS_FIELDS: Mapping[str, str | None] = {
    "TS": "[tw]",
    "TI": "[ti]",
    "AB": "[ab]",
    "AU": "[au]",
    "SO": "[ta]",
    "AK": "[ot]",
    "KP": "[ot]",
    "ALL": "[all]",
    "DO": "[doi]",
    "PMID": "[pmid]",
    **dict.fromkeys(("OG", "WC", "SU", "CF", "FO", "FT", "SA", "UT", "CU", "AD")),
}
_WOS: tuple[Finder, ...] = (
    # FT=Y is a limit of 医中誌Web.
    _before(
        "Web of Science",
        r"(?<![\w/])(TS|ALL|SO|AK|KP|DO|PMID|OG|WC|SU|CF|FO|FT(?!\s*=\s*Y\b)|SA|UT|CU|AD)"
        r"\s*=\s*(?=[\"(\w])",
        _WOS_FIELDS,
    ),
    # TI=肺炎 is a limit of 医中誌Web as well, and means the same; words in a row do not.
    _before(
        "Web of Science",
        r"(?<![\w/])(TI|AB|AU)\s*=\s*(?=\([^()]*\s[^()]*\)|\([^()]*\()",
        _WOS_FIELDS,
    ),
    _each(
        "Web of Science",
        "date",
        r"(?<![\w/])PY\s*=\s*\(?(\d{4})(?:\s*-\s*(\d{4}))?\)?",
        lambda g: f"{g[1]}:{g[2]}[dp]" if g[2] else f"{g[1]}[dp]",
    ),
)

# --- Scopus ---------------------------------------------------------------------------------------

_SCOPUS_FIELDS: Mapping[str, str | None] = {
    "TITLE-ABS-KEY-AUTH": "[tw]",
    "TITLE-ABS-KEY": "[tw]",
    "TITLE-ABS": "[tiab]",
    "TITLE": "[ti]",
    "ABS": "[ab]",
    "KEY": "[ot]",
    "AUTHKEY": "[ot]",
    "INDEXTERMS": "[mh]",
    "SRCTITLE": "[ta]",
    "AUTH": "[au]",
    "LANGUAGE": "[la]",
    "ALL": "[all]",
}


def _year(groups: tuple[str, ...]) -> str:
    sign, year = groups[1].upper(), int(groups[2])
    if sign in (">", "AFT"):
        return f"{year + 1}:3000[dp]"
    if sign in ("<", "BEF"):
        return f"1000:{year - 1}[dp]"
    return f"{year}[dp]"


_SCOPUS: tuple[Finder, ...] = (
    _before(
        "Scopus",
        r"(?<![\w-])(TITLE-ABS-KEY-AUTH|TITLE-ABS-KEY|TITLE-ABS)\s*(?=\()",
        _SCOPUS_FIELDS,
        re.IGNORECASE,
    ),
    _before(
        "Scopus",
        r"(?<![\w-])(TITLE|ABS|KEY|AUTHKEY|INDEXTERMS|SRCTITLE|AUTH|AFFIL|LANGUAGE|ALL|DOCTYPE"
        r"|SUBJAREA|LIMIT-TO|EXCLUDE)(?=\()",
        _SCOPUS_FIELDS,
    ),
    _each("Scopus", "date", r"\bPUBYEAR\s*(>|<|=|AFT|BEF|IS)\s*(\d{4})", _year, re.IGNORECASE),
    _each(
        "Scopus",
        "proximity",
        r"(?<=[\s)])W/(\d{1,2})(?=[\s(])",
        lambda g: f"NEAR/{g[1]}",
        re.IGNORECASE,
    ),
    _each(
        "Scopus",
        "proximity",
        r"(?<=[\s)])PRE/(\d{1,2})(?=[\s(])",
        lambda g: f"ADJ/{g[1]}",
        re.IGNORECASE,
    ),
    _each("Scopus", "phrase", r"\{([^{}]*[A-Za-z][^{}]*)\}", lambda g: f'"{g[1]}"'),
)

# --- Europe PMC, and others that write a field and a colon ---------------------------------------

_PREFIXES: Mapping[str, str | None] = {
    "TITLE": "[ti]",
    "TI": "[ti]",
    "ABSTRACT": "[ab]",
    "AB": "[ab]",
    "TITLE_ABS": "[tiab]",
    "TIAB": "[tiab]",
    "AUTHOR": "[au]",
    "AUTH": "[au]",
    "JOURNAL": "[ta]",
    "KW": "[ot]",
    "KEYWORD": "[ot]",
    "MESH": "[mh]",
    "LANG": "[la]",
    "DOI": "[doi]",
}
_EUROPE_PMC: tuple[Finder, ...] = (
    _before(
        "Europe PMC",
        rf"{_BEFORE_OPERAND}({'|'.join(_PREFIXES)}):(?=[A-Za-z\"(])(?!ti\b|ab\b|kw\b)",
        _PREFIXES,
        re.IGNORECASE,
    ),
)

# Embase's headings before Ovid's, which end in a slash as well.
FINDERS: tuple[Finder, ...] = (
    *_COCHRANE,
    *_EMBASE,
    *_SCOPUS,
    *_WOS,
    *_EBSCO,
    *_EUROPE_PMC,
    *_OVID,
)
