"""What a start page offers to try, in the language of the page.

Each is true of the sample library: the record named stands among its first three hits (a test holds
that). In another library they still show how one may ask: by words, a question or a description.
"""

from dataclasses import dataclass
from typing import Literal

from web.http.language import chosen_language

# So many stand on the start page.
SHOWN = 3


@dataclass(frozen=True)
class Example:
    """A query and the record of the sample library that it is meant to find."""

    query: str
    record: str


EXAMPLES: dict[Literal["ja", "en"], tuple[Example, ...]] = {
    "ja": (
        Example("転んで手首を折ったお年寄り", "sample-orthopedics-01"),
        Example("心房細動のアブレーション後の再発と睡眠時無呼吸", "sample-cardiology-01"),
        Example("抗がん剤による手足のしびれを冷やして防ぐ", "sample-oncology-07"),
        Example("COVID-19の後遺症はどのくらい続くか", "sample-infectious-disease-05"),
        Example("特別養護老人ホームの褥瘡予防", "sample-nursing-pharmacy-01"),
        Example("IgA腎症の扁摘パルス療法の長期成績", "sample-nephrology-02"),
        Example("血液透析患者のかゆみと保湿剤", "sample-nephrology-04"),
        Example("学童の近視とアトロピン点眼", "sample-ophthalmology-01"),
        Example("不眠症に対するアプリの認知行動療法", "sample-psychiatry-01"),
        Example("高熱でひきつけを起こした子ども", "sample-pediatrics-01"),
    ),
    "en": (
        Example("wrist fracture in older adults: plate or cast", "sample-orthopedics-01"),
        Example(
            "CPAP and recurrence after ablation for atrial fibrillation", "sample-cardiology-01"
        ),
        Example("home exercise in heart failure", "sample-cardiology-03"),
        Example("lasting symptoms after COVID-19", "sample-infectious-disease-05"),
        Example("preventing pressure ulcers in a nursing home", "sample-nursing-pharmacy-01"),
        Example("tonsillectomy for IgA nephropathy", "sample-nephrology-02"),
        Example("itching of haemodialysis patients", "sample-nephrology-04"),
        Example("eye drops against short-sightedness in schoolchildren", "sample-ophthalmology-01"),
        Example("an app for insomnia", "sample-psychiatry-01"),
        Example("keeping a job after a cancer diagnosis", "sample-oncology-04"),
    ),
}
# Expressions say the same in both languages.
EXPRESSIONS = (
    "(心不全/AL or 心筋梗塞/AL) and 高齢者/TH",
    '"heart failure"[tiab] AND 2015:2024[dp]',
    "糖尿病/TI not 会議録/PT",
)


def examples() -> tuple[Example, ...]:
    """The examples of the start page."""
    return EXAMPLES["ja" if chosen_language() == "ja" else "en"][:SHOWN]
