"""What is said about edits of collections, in the language of the page."""

from collections.abc import Mapping
from typing import Any

from web.desk.history import Action, Change
from web.http.language import gettext, ngettext
from web.reports.prisma_s import item_headings


def action_message(action: Action) -> str:
    """What kind of change it was."""
    return {
        "add folder": gettext("Folder added"),
        "change folder": gettext("Folder changed"),
        "delete folder": gettext("Folder deleted"),
        "create": gettext("Collection created"),
        "describe": gettext("Name, description or folder changed"),
        "delete": gettext("Collection deleted"),
        "add records": gettext("Records added"),
        "name source": gettext("Source named"),
        "take back source": gettext("Source taken back"),
        "take over decisions": gettext("Decisions of a file taken over"),
        "decline decisions": gettext("Decisions of a file declined"),
        "remove records": gettext("Records removed"),
        "note": gettext("Note changed"),
        "reorder records": gettext("Record moved"),
        "add tag": gettext("Tag added"),
        "rename tag": gettext("Tag renamed"),
        "merge tags": gettext("Tags merged"),
        "reorder tags": gettext("Tag moved"),
        "delete tag": gettext("Tag deleted"),
        "tag records": gettext("Records tagged"),
        "untag records": gettext("Tag taken off records"),
        "share": gettext("Shared by a link"),
        "end share": gettext("Link ended"),
        "import collection": gettext("Collection imported"),
        "run search": gettext("Search run"),
        "rerun searches": gettext("Searches run again"),
        "describe search": gettext("Name or note of a search changed"),
        "delete search": gettext("Search deleted"),
        "alert on": gettext("Alert switched on"),
        "alert off": gettext("Alert switched off"),
        "living on": gettext("Alert adds new records by itself"),
        "living off": gettext("Alert adds no more records by itself"),
        "mark seen": gettext("Alert marked as seen"),
        "share feed": gettext("Feed opened"),
        "end feed": gettext("Feed ended"),
        "answer report": gettext("Report filled in"),
        "handle as one": gettext("Records handled as one"),
        "take apart": gettext("Records taken apart again"),
        "declare distinct": gettext("Declared not to be duplicates"),
        "propose again": gettext("Proposed again as duplicates"),
        "plan screening": gettext("Criteria of screening changed"),
        "mark words": gettext("Highlighted words changed"),
        "fill in abstract": gettext("Abstract filled in"),
        "note number": gettext("Number noted"),
        "undo": gettext("Change undone"),
        "restore": gettext("Earlier state restored"),
    }[action]


def change_message(change: Change) -> str:
    """What exactly it concerned, as far as the history says."""
    detail = change.detail
    parts = []
    if "records" in detail:
        n = int(detail["records"])
        parts.append(ngettext("%(n)s record", "%(n)s records", n))
    if "undone" in detail:
        parts.append(action_message(detail["undone"]))
    if "change" in detail:
        parts.append(f"#{detail['change']}")
    parts += [
        str(detail[name])
        for name in ("search", "query", "from", "record", "file", "name", "folder")
        if detail.get(name)
    ]
    parts += detail.get("searches", ())
    if detail.get("item") in (headings := item_headings()):
        parts.append(headings[detail["item"]][0])
    if "tag" in detail:
        other = detail.get("new") or detail.get("into")
        parts.append(f"{detail['tag']} → {other}" if other else str(detail["tag"]))
    return " · ".join(parts)


def done_message(args: Mapping[str, Any]) -> str:
    """What was just done, as the address says after a redirect; empty where nothing was."""
    n, already, to_complete = (
        int(text) if (text := str(args.get(name, 0))).isdecimal() else 0
        for name in ("n", "already", "complete")
    )
    match args.get("done", ""):
        case "added":
            message = ngettext("%(n)s record added.", "%(n)s records added.", n)
            if already:
                were = ngettext("%(n)s was there already.", "%(n)s were there already.", already)
                message = f"{message} {were}"
            if to_complete:
                known = ngettext(
                    "Of %(n)s record no more than the PMID or DOI is known.",
                    "Of %(n)s records no more than the PMID or DOI is known.",
                    to_complete,
                )
                message = f"{message} {known}"
            return message
        case "remove":
            return ngettext("%(n)s record removed.", "%(n)s records removed.", n)
        case "tag":
            return ngettext("%(n)s record tagged.", "%(n)s records tagged.", n)
        case "untag":
            return ngettext("Tag taken off %(n)s record.", "Tag taken off %(n)s records.", n)
        case "none":
            return gettext("No record was chosen.")
        case "seen":
            return ngettext("%(n)s record marked as seen.", "%(n)s records marked as seen.", n)
        case "rerun":
            return gettext("Run again.")
        case "search deleted":
            return gettext("The search was deleted.")
        case "described":
            return gettext("Name and description saved.")
        case "noted":
            return gettext("Note saved.")
        case "tags":
            return gettext("Tags saved.")
        case "moved":
            return gettext("Place changed.")
        case "search described":
            return gettext("Name and note saved.")
        case "alert on":
            return gettext("Alert is on.")
        case "alert off":
            return gettext("Alert is off.")
        case "feed ended":
            return gettext("The feed was ended.")
        case "share ended":
            return gettext("The link was ended.")
        case "changed":
            return gettext("Changed.")
        case "deleted":
            return gettext("The collection was deleted.")
        case "one":
            return ngettext(
                "%(n)s record is handled as one.", "%(n)s records are handled as one.", n
            )
        case "certain":
            return ngettext("%(n)s group is handled as one.", "%(n)s groups are handled as one.", n)
        case "apart":
            return ngettext(
                "%(n)s record is shown by itself again.",
                "%(n)s records are shown by themselves again.",
                n,
            )
        case "distinct":
            return gettext("Remembered: they are not duplicates.")
        case "again":
            return gettext("They are proposed again.")
        case "imported":
            return gettext("The collection was imported.")
        case "decisions":
            message = ngettext("%(n)s decision taken over.", "%(n)s decisions taken over.", n)
            if already:
                left = ngettext(
                    "%(n)s was left: decided already, or not at that stage.",
                    "%(n)s were left: decided already, or not at that stage.",
                    already,
                )
                message = f"{message} {left}"
            return message
        case "declined":
            return gettext("The decisions of the file are not taken over.")
        case "source taken back":
            return ngettext(
                "The source was taken back; %(n)s record left the collection.",
                "The source was taken back; %(n)s records left the collection.",
                n,
            )
        case "undone":
            return gettext("Undone.")
        case "restored":
            return gettext("The earlier state was restored.")
    return ""


def drop_message(drops: Mapping[str, str]) -> str:
    """What of a collection a format loses, as a list of words."""
    beside = {
        "note": gettext("notes"),
        "tags": gettext("tags"),
        "strategy": gettext("search strategy"),
        "history": gettext("history"),
        "duplicates": gettext("decisions on duplicates"),
        "abstract": gettext("abstracts"),
        "keywords": gettext("keywords"),
    }
    # What is only written otherwise, or kept in part, is in the documentation.
    lost = [word for name, word in beside.items() if drops.get(name, "").startswith("all")]
    return gettext(", ").join(lost)
