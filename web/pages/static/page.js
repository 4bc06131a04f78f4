// Small comforts; every page works without them.
"use strict";
(() => {
  const form = document.getElementById("search");
  const query = document.getElementById("q");
  if (!form || !query) return;

  // "/" goes to the search box, as long as nobody is typing elsewhere.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    event.preventDefault();
    query.focus();
    query.select();
  });

  // An input of one line drops line ends and so joins words: a pasted abstract keeps its gaps.
  query.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    if (!/[\r\n]/.test(text)) return;
    event.preventDefault();
    query.setRangeText(
      text.replace(/\s*[\r\n]+\s*/g, " "), query.selectionStart, query.selectionEnd, "end");
  });

  // Filters that say nothing stay out of the address, so that it is fit to be kept.
  const fields = () => [...form.elements].filter((field) => field.name && field !== query);
  form.addEventListener("submit", () => {
    for (const field of fields()) if (!field.value) field.disabled = true;
  });
  window.addEventListener("pageshow", () => {
    for (const field of fields()) field.disabled = false;
  });
})();
