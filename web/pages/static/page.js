// Small comforts; every page works without them.
"use strict";
// Citations can be copied where the browser lets a page write to the clipboard.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

(() => {
  const form = document.getElementById("search");
  const query = document.getElementById("q");
  if (!form || !query) return;

  // What is typed goes along to the other kind of search, sent or not.
  for (const link of document.querySelectorAll("a[data-mode]")) {
    link.addEventListener("click", () => {
      const address = new URL(link.href);
      if (query.value) address.searchParams.set("q", query.value);
      else address.searchParams.delete("q");
      link.href = address;
    });
  }

  // An expression is sent by Enter, as everywhere; Shift+Enter begins a line.
  if (query.tagName === "TEXTAREA") {
    query.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

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
    if (query.tagName === "TEXTAREA") return;
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
