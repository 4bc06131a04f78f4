"""The pages as someone without JavaScript sees them."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask.testing import FlaskClient

from indexer.run.pipeline import build
from search.encoder import Encoder
from search.library.library import Library
from search.ranked.engine import Engine
from search.suggest import Suggester
from tests.web.page import Page
from web.app import create_app


def get(client: FlaskClient, address: str, status: int = 200, language: str = "ja") -> Page:
    response = client.get(address, headers={"Accept-Language": language})
    assert response.status_code == status
    assert response.mimetype == "text/html"
    return Page(response.get_data(as_text=True))


def parameters(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def test_home_offers_the_search_box_and_says_what_is_here(client: FlaskClient) -> None:
    page = get(client, "/")
    assert page.all("input", name="q")
    assert page.all("form", role="search")
    assert "148件" in page.html
    assert page.links("/?q=")


def test_the_sample_says_on_every_page_that_it_is_fictional(client: FlaskClient) -> None:
    for address, status in (("/", 200), ("/?q=喘息", 200), ("/about", 200), ("/nowhere", 404)):
        assert "架空" in get(client, address, status).html


def test_other_libraries_do_not_say_so(hostile_client: FlaskClient) -> None:
    assert not get(hostile_client, "/").all("p", **{"class": "sample"})


def test_results_hold_titles_sources_best_sentences_and_links(client: FlaskClient) -> None:
    page = get(client, "/?q=心房細動の再発")
    assert len(page.hits()) == 20  # the title and the similar records of each hit
    assert page.all("mark", **{"class": "best"})
    assert page.all("b", **{"class": "term"})
    assert page.all("ol", **{"class": "hits", "start": "1"})
    assert "架空" in page.html
    assert "意味 " in page.html
    assert "語句 " in page.html
    assert all(a["rel"] for a in page.all("a") if a["href"].startswith("http"))


def test_a_mark_stands_around_the_words_of_the_query(hostile_client: FlaskClient) -> None:
    html = get(hostile_client, "/?q=吸入手技").html
    assert '<mark class="best"><b class="term">吸入手技</b>を薬剤師が確認した。</mark>' in html


def test_filters_leave_in_what_meets_them_and_stay_in_the_form(client: FlaskClient) -> None:
    page = get(client, "/?q=患者&year_from=2019&year_to=2019&language=en&has_abstract=1")
    assert page.all("input", name="year_from", value="2019")
    assert page.all("option", value="en", selected="")
    assert page.all("input", name="has_abstract", checked="")
    found = client.get("/api/v1/search?q=患者&year_from=2019&year_to=2019&language=en").json
    assert found
    assert found["total"] > 0
    assert len(page.all("article")) == min(found["total"], 10)


def test_every_control_of_the_filters_belongs_to_the_search_form(client: FlaskClient) -> None:
    page = get(client, "/?q=患者")
    named = [a for tag in ("input", "select") for a in page.all(tag, form="search")]
    assert {a["name"] for a in named} == {
        "words",
        "year_from",
        "year_to",
        "journal",
        "language",
        "has_abstract",
        "retraction",
    }
    labels = {a["for"] for a in page.all("label")}
    assert labels == {a["id"] for a in named} | {"q", "format", "limit", "picked_format"}


def test_a_filter_chosen_from_a_facet_stays_in_the_form(client: FlaskClient) -> None:
    page = get(client, "/?q=患者&keyword=高齢者")
    assert page.all("input", form="search", name="keyword", value="高齢者", type="hidden")


def test_full_width_years_are_understood(client: FlaskClient) -> None:
    assert get(client, "/?q=患者&year_from=２０２０").all("ol", **{"class": "hits"})


def test_blank_fields_of_the_form_say_nothing(client: FlaskClient) -> None:
    page = get(client, "/?q=喘息&year_from=&year_to=&journal=&language=&retraction=")
    assert len(page.all("article")) == 10


def test_paging_keeps_the_search_and_counts_on(client: FlaskClient) -> None:
    first = get(client, "/?q=患者&has_abstract=1")
    following = first.all("a", rel="next")[0]["href"]
    assert parameters(following) == {"q": ["患者"], "has_abstract": ["1"], "page": ["2"]}
    second = get(client, following)
    assert second.all("ol", start="11")
    assert set(first.hits()).isdisjoint(second.hits())


def test_a_page_after_the_end_leads_back(client: FlaskClient) -> None:
    page = get(client, "/?q=患者&page=90")
    assert not page.all("article")
    assert "/?q=%E6%82%A3%E8%80%85" in page.links("/?q=")


def test_no_hits_under_filters_offers_the_search_without_them(client: FlaskClient) -> None:
    page = get(client, "/?q=患者&journal=ない雑誌")
    assert "条件に合う文献がありません" in page.html
    assert "登録されているとおり" in page.html
    assert "/?q=%E6%82%A3%E8%80%85" in page.links("/?q=")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/?q=", "入力してください"),
        ("/?q=%00%07%1b", "入力してください"),
        ("/?q=a&year_from=20x", "4桁"),
        ("/?q=a&year_from=2020&year_to=2010", "始まりの年"),
        ("/?q=a&page=0", "このページはありません"),
        ("/?q=a&page=101", "このページはありません"),
        ("/?q=a&page=x", "このページはありません"),
        ("/?q=a&per_page=1000", "1〜100件"),
        ("/?q=a&language=%27;drop", "一覧から"),
        ("/?q=a&has_abstract=maybe", "オンかオフ"),
        ("/?q=a&retraction=none", "撤回された文献の扱い"),
        ("/?q=" + "あ" * 20_001, "長すぎます"),
    ],
)
def test_what_cannot_be_searched_is_said_beside_the_form(
    client: FlaskClient, address: str, words: str
) -> None:
    page = get(client, address, 400)
    assert words in page.html
    assert page.all("p", role="alert")
    assert page.all("input", name="q")


def test_unknown_parameters_do_not_matter_to_a_page(client: FlaskClient) -> None:
    page = get(client, "/?q=喘息&utm_source=x&_scheme=javascript&_external=1&endpoint=y")
    assert page.links("/?q=")
    assert not page.links("javascript")


def test_a_pasted_abstract_is_a_query(client: FlaskClient) -> None:
    abstract = "【目的】心房細動に対するアブレーション後の再発を検討した。" * 30
    page = get(client, "/?q=" + quote(abstract))
    assert len(page.all("article")) == 10
    assert not page.all("nav", **{"class": "suggestions"})
    # Its records do not repeat it ten times over.
    assert all(len(link) < 200 for link in page.links("/records/"))


def test_what_the_engine_understood_is_shown(client: FlaskClient) -> None:
    html = get(client, "/?q=IL-6と喘息").html
    assert "<details" in html
    assert "ＩＬ－６と喘息" in html


def test_a_record_shows_what_it_has(hostile_client: FlaskClient) -> None:
    page = get(hostile_client, "/records/a%2Fb%3Ac%2F%2Fd%20e%3Ff%23g%252Fh?q=吸入")
    assert "2019年5月7日" in page.html
    assert "山8 太郎" in page.html
    assert '<b class="term">吸入</b>' in page.html
    assert page.links("https://doi.org/10.1000/(SICI)1-2%3C3::AID%3E4.0.CO;2-%23")
    assert page.links("https://pubmed.ncbi.nlm.nih.gov/123/")
    assert page.links("https://example.org/a")
    assert "懸念" in page.html
    assert page.all("p", lang="ja")


def test_a_record_can_be_reached_with_its_slashes_as_they_are(hostile_client: FlaskClient) -> None:
    assert "喘息の吸入指導" in get(hostile_client, "/records/a/b:c//d e%3Ff%23g%252Fh").html


def test_links_to_records_lead_to_them(hostile_client: FlaskClient) -> None:
    for link in set(get(hostile_client, "/?q=喘息").links("/records/")):
        get(hostile_client, link.removesuffix("#similar"))


def test_long_lists_of_authors_are_cut_in_hits_only(hostile_client: FlaskClient) -> None:
    html = get(hostile_client, "/?q=喘息").html
    assert "山3 太郎" in html
    assert "山4 太郎" not in html
    assert "ほか" in html


def test_records_without_title_or_abstract_are_shown(hostile_client: FlaskClient) -> None:
    assert "抄録がありません" in get(hostile_client, "/records/no-abstract").html
    assert "タイトルなし" in get(hostile_client, "/records/no-title").html
    assert "タイトルなし" in get(hostile_client, "/?q=糖尿病").html


def test_retraction_is_flagged_in_hits_and_on_the_record(hostile_client: FlaskClient) -> None:
    page = get(hostile_client, "/?q=心筋梗塞")
    assert page.all("strong", **{"class": "flag grave"})
    (link,) = {a for a in page.hits() if "/hostile" in a and "#" not in a}
    assert "撤回されています" in get(hostile_client, link).html


def test_records_in_doubt_can_be_left_out_or_shown_alone(client: FlaskClient) -> None:
    flag = re.compile(r'<h2>.*?<strong class="flag')
    page = get(client, "/?q=患者&retraction=only&per_page=100")
    assert len(flag.findall(page.html)) == len(page.all("article")) == 4
    assert page.all("option", value="only", selected="")
    assert "絞り込み中</button>" in page.html
    assert page.all("mark", **{"class": "best"})

    page = get(client, "/?q=患者&retraction=exclude&per_page=100")
    assert len(page.all("article")) == 100
    assert not page.all("strong", **{"class": "flag grave"})
    assert not flag.search(get(client, "/?q=患者&retraction=exclude&per_page=100&page=2").html)
    assert parameters(page.all("a", rel="next")[0]["href"])["retraction"] == ["exclude"]
    assert all(parameters(a)["retraction"] == ["exclude"] for a in page.links("/records/"))


@pytest.mark.parametrize(
    ("language", "name", "choices"),
    [
        ("ja", "撤回・懸念表明のある文献", ("表示する", "表示しない", "これらのみ")),
        ("en", "Retractions and concerns", ("Show them", "Hide them", "Show only these")),
    ],
)
def test_the_choice_about_records_in_doubt_is_in_the_language_of_the_page(
    client: FlaskClient, language: str, name: str, choices: tuple[str, ...]
) -> None:
    html = get(client, "/?q=患者&retraction=exclude", language=language).html
    assert f'<label for="retraction">{name}</label>' in html
    assert all(f">{choice}</option>" in html for choice in choices)


def test_a_record_in_doubt_is_flagged_among_similar_ones_whatever_the_filter(
    hostile_client: FlaskClient,
) -> None:
    page = get(hostile_client, "/records/no-title?q=糖尿病&retraction=exclude")
    similar = page.html.partition('id="similar"')[2]
    assert "撤回</strong>" in similar
    assert "懸念表明あり</strong>" in similar


def test_a_record_leads_back_to_its_results(client: FlaskClient) -> None:
    results = get(client, "/?q=喘息&page=2&year_from=2010")
    record = get(client, results.hits()[0])
    back = record.links("/?q=%E5%96%98%E6%81%AF&")
    assert parameters(back[0]) == {"q": ["喘息"], "page": ["2"], "year_from": ["2010"]}


def test_similar_records_lead_on(client: FlaskClient) -> None:
    page = get(client, "/records/sample-cardiology-01")
    similar = [link for link in page.links("/records/") if "lang=" not in link]
    assert len(similar) == len(set(similar)) == 8
    assert not any("sample-cardiology-01" in link for link in similar)


def test_both_languages_of_an_abstract_say_which_they_are(client: FlaskClient) -> None:
    found = client.get("/api/v1/search?q=患者&language=en&per_page=100").json
    assert found
    record_id = next(
        h["record"]["id"]
        for h in found["hits"]
        if any(t["abstract"] for t in h["record"]["translations"])
    )
    page = get(client, f"/records/{record_id}")
    assert page.all("p", lang="ja")
    assert page.all("p", lang="en")


def test_unknown_records_and_pages_are_not_found(client: FlaskClient) -> None:
    assert "該当する文献がありません" in get(client, "/records/none", 404).html
    assert "ページが見つかりません" in get(client, "/nowhere", 404).html
    response = client.post("/")
    assert response.status_code == 405
    assert response.mimetype == "text/html"
    assert "GET" in response.headers["Allow"]


def test_about_names_model_library_and_licence(client: FlaskClient, engine: Engine) -> None:
    html = get(client, "/about").html
    assert engine.encoder.model.name in html
    assert "MIT" in html
    assert "148" in html
    assert "/api/v1/openapi.json" in html


def test_the_model_card_is_shown_where_the_model_has_one(
    client: FlaskClient, engine: Engine
) -> None:
    has_card = (engine.encoder.model.path / "README.md").is_file()
    assert client.get("/about/model-card").status_code == (200 if has_card else 404)


def test_pages_keep_one_heading_and_landmarks(client: FlaskClient) -> None:
    for address in ("/", "/?q=喘息", "/records/sample-cardiology-01", "/about"):
        page = get(client, address)
        assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == 1
        assert page.all("a", href="#main")
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert len(ids) == len(set(ids))


def test_static_files_are_small_and_keep(client: FlaskClient) -> None:
    page = get(client, "/")
    style = page.all("link", rel="stylesheet")[0]["href"]
    scripts = [script["src"] for script in page.all("script")]
    for address, limit in ((style, 40_000), *((script, 5_000) for script in scripts)):
        with client.get(address) as response:
            assert response.status_code == 200
            assert len(response.data) < limit
            assert "immutable" in response.headers["Cache-Control"]


def test_a_running_application_follows_new_generations(
    hostile_library: Path, encoder: Encoder, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    shutil.copytree(hostile_library, library)
    engine = Engine(Library(library), encoder)
    client = create_app(engine, Suggester(engine)).test_client()
    assert "4件" in get(client, "/").html
    source = tmp_path / "more.jsonl"
    source.write_text(json.dumps({"id": "new", "title": "新しい痛風の文献"}), encoding="utf-8")
    build([source], library)
    assert "5件" in get(client, "/").html
    assert "新しい痛風の文献" in get(client, "/records/new").html


def test_the_line_where_relevance_ends(client: FlaskClient, engine: Engine) -> None:
    relevant = engine.search("心房細動の再発").relevant
    assert relevant
    page = -(-relevant // 10)
    html = get(client, f"/?q=心房細動の再発&page={page}").html
    assert "以下は関連度の低い文献です" in html or relevant % 10 == 0
    assert f"関連度の高い文献 <strong>{relevant}</strong>件" in html


def test_nothing_close_is_said_and_suggests_nothing(client: FlaskClient) -> None:
    page = get(client, "/?q=ｚｑｘｗｖｊ ｋｑｊｘｚ")
    assert "関連度の高い文献は見つかりませんでした" in page.html
    assert not page.all("a", **{"class": "chip add"})
    assert "内訳" not in page.html


def test_a_record_named_by_its_author_or_number_comes_first(client: FlaskClient) -> None:
    author = get(client, "/?q=有馬沙織").html
    assert author.index("著者名が一致") < author.index("以下はほとんど関連のない文献です")
    number = get(client, "/?q=sample-cardiology-01")
    assert "番号が一致" in number.html
    assert any(a.startswith("/records/sample-cardiology-01") for a in number.links("/records/"))


def test_what_was_mistyped_is_offered_and_not_applied(client: FlaskClient) -> None:
    for address in ("/?q=しんふぜん", "/exact?q=しんふぜん"):
        page = get(client, address)
        assert "もしかして" in page.html
        assert any(parameters(a["href"]).get("q") == ["心不全"] for a in page.all("a"))
        assert 'value="しんふぜん"' in page.html or ">\nしんふぜん</textarea>" in page.html


def test_other_spellings_are_in_sight(client: FlaskClient) -> None:
    assert "ｲﾝﾌﾙｴﾝｻﾞ → インフルエンザ" in get(client, "/?q=ｲﾝﾌﾙｴﾝｻﾞ").html
