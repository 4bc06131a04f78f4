"""Records that attack the page, and records with gaps."""

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}"


def hostile_records() -> list[dict[str, object]]:
    everywhere = dict.fromkeys(
        ("journal", "volume", "issue", "pages", "issn", "doi", "pmid", "ichushi_id"), ATTACK
    )
    return [
        {
            "id": f"hostile:{ATTACK}",
            "title": f"心筋梗塞 {ATTACK}",
            "abstract": f"心筋梗塞の急性期治療を検討した。{ATTACK} 再灌流療法は有効であった。",
            "language": "ja",
            "translations": [
                {"language": ATTACK, "title": ATTACK, "abstract": f"Infarct {ATTACK}"}
            ],
            "authors": [{"family": ATTACK, "given": ATTACK}],
            "date": "2020-02-31",
            "url": "javascript:alert(1)",
            "keywords": [ATTACK],
            "publication_types": [ATTACK],
            "trial_ids": [ATTACK],
            "notices": [{"kind": ATTACK, "reference": ATTACK, "pmid": ATTACK}],
            "retraction": "retracted",
            **everywhere,
        },
        {
            "id": "a/b:c//d e?f#g%2Fh",
            "title": "喘息の吸入指導",
            "abstract": "吸入手技を薬剤師が確認した。\n発作は減った。",
            "authors": [{"family": f"山{i}", "given": "太郎"} for i in range(9)],
            "doi": "10.1000/(SICI)1-2<3::AID>4.0.CO;2-#",
            "pmid": "123",
            "url": "https://example.org/a",
            "date": "2019-05-07",
            "retraction": "expression of concern",
        },
        {
            "id": "no-abstract",
            "title": "Asthma and inhalers",
            "date": "2018",
            "journal": "Fictional Letters",
            "retraction": "corrected",
        },
        {"id": "no-title", "abstract": "糖尿病の足病変について述べる。", "language": "ja"},
    ]
