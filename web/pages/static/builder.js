// Further rows of the builder; three stand there without it.
"use strict";
// A further row of the builder, with what completes it.
for (const more of document.querySelectorAll(".builder [data-do=row]")) {
  more.hidden = false;
  more.addEventListener("click", () => {
    const rows = more.form.querySelectorAll(".row");
    const fresh = rows[rows.length - 1].cloneNode(true);
    const terms = fresh.querySelector("input");
    for (const rest of fresh.querySelectorAll(".completions, [role=status]")) rest.remove();
    terms.value = "";
    fresh.setAttribute("aria-label", fresh.getAttribute("aria-label").replace(/\d+/, rows.length + 1));
    rows[rows.length - 1].after(fresh);
    completed(terms, document.querySelectorAll("input[data-complete]").length + 1);
    terms.focus();
  });
}
