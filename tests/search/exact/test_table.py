"""Sixty expressions as librarians type them, and what each must find: the naive scanner's set."""

from collections.abc import Callable

import pytest

from search.exact import ExactSearch
from search.records import Record
from tests.search.exact.conftest import found
from tests.search.exact.scanner import View

TABLE: list[tuple[str, Callable[[View], bool]]] = [
    # words, folding
    ("肺炎", lambda r: r.al("肺炎")),
    ("肺癌", lambda r: r.al("肺癌")),
    ("肺がん", lambda r: r.tw("肺癌")),
    ("胃ガン OR ガンマ線", lambda r: r.tw("胃癌") or r.tw("γ線")),
    ("ぜんそく", lambda r: r.tw("喘息")),
    ("ｹｲﾚﾝ", lambda r: r.tw("痙攣")),
    ("頚部", lambda r: r.tw("頸部")),
    ("コンピューター", lambda r: r.tw("コンピュータ")),
    ("ライノウィルス", lambda r: r.tw("ライノウイルス")),
    ("3か月", lambda r: r.tw("３ヶ月")),
    ("タンパク尿", lambda r: r.tw("蛋白尿")),
    ("ＩＬ－６", lambda r: r.tw("IL-6")),
    ("IL-6血清", lambda r: r.ab("il 6 血清")),
    ("β遮断薬", lambda r: r.tw("ベータ遮断薬")),
    ("hemorrhage esophageal", lambda r: r.tw("haemorrhage") and r.tw("oesophageal")),
    ("tumour", lambda r: r.tw("tumor")),
    ("sjogren", lambda r: r.al("Sjögren")),
    ("cat", lambda r: r.tw("cat")),
    ("HIV/AIDS AND PET/CT", lambda r: r.tw("hiv aids") and r.tw("pet ct")),
    ("p=0.05", lambda r: r.ab("p 0 05")),
    # Boolean, both notations, nested
    ("(心筋梗塞/AL) and (アスピリン/AL)", lambda r: r.al("心筋梗塞") and r.al("アスピリン")),
    ("(心筋梗塞/TH) and (Aspirin/TH)", lambda r: r.mh("心筋梗塞") and r.mh("aspirin")),
    ('"myocardial infarction"[tiab] AND aspirin[mh]',
     lambda r: r.tiab("myocardial infarction") and r.mh("aspirin")),
    ("心筋梗塞 NOT 心不全", lambda r: r.al("心筋梗塞") and not r.al("心不全")),
    ("肺炎 OR 肺癌 AND 治療", lambda r: (r.al("肺炎") or r.al("肺癌")) and r.al("治療")),
    ("肺炎 OR (肺癌 AND 免疫)", lambda r: r.al("肺炎") or (r.al("肺癌") and r.al("免疫"))),
    ("（肺炎　OR　喘息）　ＮＯＴ　小児",
     lambda r: (r.al("肺炎") or r.al("喘息")) and not r.al("小児")),
    ("humans[mh] NOT (animals[mh] NOT humans[mh])", lambda r: r.mh("humans")),
    ("NOT 会議録[pt]", lambda r: not r.pt("会議録")),
    ("((肺炎/TI or (喘息/TI and 小児/KW)) and (DT=2016:2020 PT=会議録除く))",
     lambda r: (r.ti("肺炎") or (r.ti("喘息") and r.mh("小児")))
     and r.dp("20160000", "20209999") and not r.pt("会議録")),
    ("(肺炎 or 喘息)/TI", lambda r: r.ti("肺炎") or r.ti("喘息")),
    ("肺炎 NOT 誤嚥 NOT 炎症", lambda r: r.al("肺炎") and not r.al("誤嚥") and not r.al("炎症")),
    ("肺炎 OR NOT hasabstract", lambda r: r.al("肺炎") or not r.abstract),
    # fields
    ("肺炎/TI", lambda r: r.ti("肺炎")),
    ("炎症[ab]", lambda r: r.ab("炎症")),
    ("治療/TA", lambda r: r.tiab("治療")),
    ("山田太郎/AU", lambda r: r.au("山田太郎")),
    ("山田[1au]", lambda r: r.first("山田")),
    ("smith j[au]", lambda r: r.au("smith j*")),
    ('"Smith JA"[au] OR 渡辺聡/AU', lambda r: r.au("smith ja") or r.au("渡辺聡")),
    ("斎藤恵/AU", lambda r: r.au("齋藤恵")),
    ("muller[au] AND smith john a[lastau]", lambda r: r.au("müller") and r.last("smith john a")),
    ("架空循環器/JN", lambda r: r.jn("架空循環器")),
    ("lancet[ta] OR n engl j*[ta]", lambda r: r.jn("lancet") or r.jn("n engl j*")),
    ("[肺炎-誤嚥性]/TH", lambda r: r.mh("肺炎-誤嚥性")),
    ('"Myocardial Infarction/drug therapy"[majr]',
     lambda r: r.mh("myocardial infarction/drug therapy")),
    ("drug therapy[sh] OR SH=治療的利用", lambda r: r.sh("drug therapy") or r.sh("治療的利用")),
    ("PT=原著論文,総説", lambda r: r.pt("原著論文") or r.pt("総説")),
    ("(CK=ヒト,成人(19~44)) and (LA=日本語)",
     lambda r: (r.mh("ヒト") or r.mh("成人(19~44)")) and r.la("ja")),
    ("systematic review[filter] OR english[la]", lambda r: r.pt("systematic review") or r.la("en")),
    ("2010:2012[dp]", lambda r: r.dp("20100000", "20129999")),
    ('("2015/03/11"[dp] : "3000"[dp])', lambda r: r.dp("20150311", "30009999")),
    ("2018/06[dp] OR 1999[dp]",
     lambda r: r.dp("20180600", "20180699") or r.dp("19990000", "19999999")),
    ("AB=N", lambda r: not r.abstract),
    ('"retracted publication"[pt]', lambda r: r.retracted),
    ("1003[pmid] OR 10.9999/made.up.4[doi] OR NCT00000001[si] OR 2015000002/ID",
     lambda r: r.identifier("pmid:1003") or r.identifier("10.9999/made.up.4")
     or r.identifier("nct00000001") or r.identifier("2015000002")),
    ("0140-6736[is]", lambda r: r.record.issn == "0140-6736"),
    # phrases, truncation
    ('"myocardial infarction"', lambda r: r.tw("myocardial infarction")),
    ("「口腔ケア」 OR “chronic pain”", lambda r: r.tw("口腔ケア") or r.tw("chronic pain")),
    ('"肺 炎"', lambda r: r.tw("肺、炎")),
    ("免疫*", lambda r: r.tw("免疫")),
    ("immun*[tiab]", lambda r: r.tiab("immun*")),
    ('"myocardial infarct*"[tiab]', lambda r: r.tiab("myocardial infarct*")),
    ("tumou* OR randomis* OR centr*",
     lambda r: r.tw("tumor*") or r.tw("randomiz*") or r.tw("center*")),
    ("alph*[tiab]", lambda r: r.tiab("α")),
    ("山*[au] OR 架空循*/JN", lambda r: r.au("山*") or r.jn("架空循*")),
    ("IL-1*", lambda r: r.tw("il-1*")),
    # proximity
    ('"hip pain"[tiab:~4]', lambda r: r.near(4, "hip", "pain", areas="tiab")),
    ('"hip pain knee"[tiab:~5]', lambda r: r.near(5, "hip", "pain", "knee", areas="tiab")),
    ("hip ADJ/3 pain", lambda r: r.near(3, "hip", "pain", ordered=True)),
    ("肺 NEAR/1 炎", lambda r: r.near(1, "肺", "炎")),
    ("治療 NEAR/12 患者", lambda r: r.near(12, "治療", "患者")),
    ("(免疫 OR 肺癌) NEAR/9 (治療 OR 療法) [tiab]",
     lambda r: any(
         r.near(9, a, b, areas="tiab") for a in ("免疫", "肺癌") for b in ("治療", "療法")
     )),
    ("immun* NEAR/2 respons*", lambda r: r.near(2, "immun*", "respons*")),
    ("がん NEAR/3 検診", lambda r: r.near(3, "癌", "検診")),
]  # fmt: skip


def test_there_are_sixty_and_more() -> None:
    assert len({expression for expression, _ in TABLE}) == len(TABLE) >= 60


@pytest.mark.parametrize(("expression", "belongs"), TABLE, ids=[e for e, _ in TABLE])
def test_expression_finds_what_the_scanner_finds(
    exact: ExactSearch,
    literature: list[Record],
    expression: str,
    belongs: Callable[[View], bool],
) -> None:
    expected = {record.id for record in literature if belongs(View(record))}
    assert 0 < len(expected) < len(literature), "a row that proves nothing"
    assert found(exact, expression) == expected
    assert exact.search(expression).count == len(expected)
