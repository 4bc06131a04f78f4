"""Fictional records in which the spellings, scripts and fields of exact search come up."""

from search.records import Author, Record, Translation

_JA = [
    # title, abstract, keywords, authors, journal, date, publication types
    ("誤嚥性肺炎の予防と口腔ケア",
     "高齢者の肺炎を減らすため、口腔ケアを行った。治療期間は短かった。",
     "肺炎-誤嚥性 口腔ケア ヒト", "山田太郎 鈴木花子", "架空呼吸器学会雑誌", "2015-03-10",
     "原著論文"),
    ("市中肺炎に対する抗菌薬の選択", "肺炎の治療について、重症度から検討した。", "肺炎 抗菌薬 ヒト",
     "鈴木花子", "架空呼吸器学会雑誌", "2018", "総説"),
    ("肺 炎症マーカーの推移", "肺、炎症の指標。肺と炎の間に他の語がある。", "炎症", "佐藤一",
     "架空医学",
     "2010-12", "会議録"),
    ("肺癌の化学療法", "非小細胞肺癌に対する免疫療法の成績。", "肺腫瘍 免疫療法 成人(19~44)",
     "山田太郎", "架空癌治療", "2019-07", "原著論文"),
    ("肺がん検診の受診率", "がん検診を受けた人は、がんばる人であった。", "肺腫瘍 検診",
     "渡邊聡", "架空予防医学", "2020", "原著論文/特集"),
    ("胃ガンとオルガン", "ガンマ線を照射した胃ガンの1例。", "胃腫瘍 症例報告", "高橋健",
     "架空癌治療",
     "2012-01-05", "症例報告"),
    ("気管支ぜんそくの吸入療法", "喘息患者の吸入ステロイド。", "喘息 吸入療法", "齋藤恵",
     "架空アレルギー",
     "2016", "原著論文"),
    ("小児喘息とウィルス感染", "ゼンソク発作とライノウイルス。", "喘息 小児", "斎藤恵",
     "架空小児科",
     "2017-11", "短報"),
    ("急性心筋梗塞に対するアスピリン", "心筋梗塞後にアスピリンを投与した。",
     "心筋梗塞 Aspirin/治療的利用 ヒト",
     "伊藤誠", "架空循環器", "2014-05", "原著論文"),
    ("心筋梗塞後の心不全", "陳旧性心筋梗塞と心不全の予後。", "心筋梗塞 心不全", "伊藤誠 山田花",
     "架空循環器", "2021-02-28", "会議録"),
    ("ＩＬ－６とＨｂＡ１ｃの関係", "IL-6（血清）値とHbA1cを測定した。IL-6は高かった。",
     "Interleukin-6",
     "中村直", "架空代謝", "2013", "原著論文"),
    ("インターロイキン６の測定", "IL6ではなくIL-10を測定した。", "Interleukins", "中村直",
     "架空代謝",
     "2011", "短報"),
    ("β遮断薬の使用", "β-遮断薬とベータ遮断薬。", "β遮断薬", "小林浩", "架空循環器", "2009",
     "総説"),
    ("頚部リンパ節の超音波", "頸部の腫脹に対しコンピューター断層撮影を行った。", "頸部 超音波",
     "加藤愛", "架空画像", "2008", "症例報告"),
    ("コンピュータ支援診断", "コンピュータとセンサー。", "診断", "加藤愛", "架空画像", "2022",
     "原著論文"),
    ("蛋白尿とけいれん", "たんぱく尿を伴う痙攣の1例。タンパク質の測定。", "蛋白尿 痙攣", "吉田隆",
     "架空腎臓", "2007-08", "症例報告"),
    ("3ヶ月間の経過観察", "３カ月後と6か月後に評価した。うつ病と認知症。", "経過観察", "松本由",
     "架空精神医学", "2006", "原著論文"),
    ("免疫グロブリンと免疫抑制剤", "免疫に関する治療を、十分に説明してから患者に行った。",
     "免疫抑制剤", "井上大", "架空免疫", "2005", "総説"),
    ("撤回された論文の一例", "データに誤りがあった。", "研究不正", "木村亮", "架空医学", "2018-06",
     "原著論文"),
    ("看護師の当直", "", "看護", "林陽子", "架空看護", "2023", "巻頭言"),
]  # fmt: skip
_EN = [
    ("Haemorrhage after oesophageal surgery",
     "Randomised trials of bleeding. Tumours were excluded.",
     "Hemorrhage;Esophagus/surgery;Humans", "Smith John A;Jones B", "Lancet (London, England)",
     "2015-06", "Journal Article;Randomized Controlled Trial"),
    ("Hemorrhage and tumor size in esophagus centers", "A randomized study; the center mattered.",
     "Hemorrhage;Neoplasms", "Smith JB", "N Engl J Med", "2016", "Journal Article"),
    ("Myocardial infarction treated with aspirin",
     "Acute myocardial infarct. Aspirin was given to humans.",
     "*Myocardial Infarction/drug therapy;Aspirin;Humans",
     "Müller Jürgen;Smith John A", "N Engl J Med",
     "2010-01-01", "Clinical Trial"),
    ("Infarction of the myocardial wall",
     "Infarction, myocardial; not the phrase.", "Infarction;Animals",
     "Jones Bob", "Journal of Cats", "2011-02", "Journal Article"),
    ("Hip pain in runners", "Pain of the hip and of the knee. The hip joint caused severe pain.",
     "Hip;Pain", "van der Berg Jan", "Journal of Cats", "2019", "Review"),
    ("Chronic pain", "The hip was without any sign of disease, and yet there was pain.", "Pain",
     "WHO Study Group", "Bull World", "2020-02-29", "Review;Systematic Review"),
    ("The category of cats",
     "Cat allergy. Immune and immunological responses: immunoglobulin, TNF-alpha.",
     "Cats;Immunity;Humans;Animals", "Sjögren Åsa", "Journal of Cats", "2001", "Journal Article"),
    ("Retracted: tumour necrosis factor", "TNF-α and interferon gamma in Sjogren syndrome.",
     "Tumor Necrosis Factor-alpha", "Smith J", "Lancet", "2003", "Retracted Publication"),
    ("A case of HIV/AIDS with PET/CT", "P = 0.05; n = 30.", "HIV", "Doe Jane", "AIDS", "1999-12-31",
     "Case Reports"),
    ("Silent title", "", "", "", "", "", ""),
]  # fmt: skip


def records() -> list[Record]:
    """All of them."""
    found = []
    for i, (title, abstract, words, people, journal, date, types) in enumerate(_JA):
        found.append(
            Record(
                f"ja-{i}", title, abstract, "ja",
                authors=tuple(Author(p[:2], p[2:]) for p in people.split()),
                journal=journal, date=date, keywords=tuple(words.split()),
                publication_types=(types,), ichushi_id=f"20150{i:05d}",
                retraction="retracted" if "撤回" in title else "",
            )
        )  # fmt: skip
    for i, (title, abstract, words, people, journal, date, types) in enumerate(_EN):
        found.append(
            Record(
                f"pmid:100{i}", title, abstract, "en",
                authors=tuple(_author(p) for p in people.split(";") if p), journal=journal,
                date=date, keywords=tuple(words.split(";")) if words else (), pmid=f"100{i}",
                publication_types=tuple(t for t in types.split(";") if t),
                doi=f"10.9999/Made.Up.{i}", issn="0140-6736" if "Lancet" in journal else "",
                trial_ids=("NCT00000001",) if i == 2 else (),
                retraction="retracted" if "Retracted" in title else "",
            )
        )  # fmt: skip
    found.append(
        Record(
            "both", "高齢者の転倒予防", "転倒を減らす運動。", "ja",
            (Translation("en", "Preventing falls in the elderly", "Exercise prevents falls."),),
            (Author("山田", "太郎"), Author("Yamada", "Taro")), "架空老年医学", "2018-04",
            keywords=("転倒", "Accidental Falls"), publication_types=("原著論文",),
        )
    )  # fmt: skip
    return found


def _author(name: str) -> Author:
    if name.endswith("Group"):
        return Author(name)
    family, _, given = name.rpartition(" van ")[2].partition(" ")
    return Author("van der Berg", "Jan") if name.startswith("van") else Author(family, given)
