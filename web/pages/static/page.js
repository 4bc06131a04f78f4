// Small comforts; every page works without them.
"use strict";
// Citations can be copied where the browser lets a page write to the clipboard.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// The Enter that confirms a kana conversion sends no form. Safari ends the composition before it
// reports that key, and says what it was by keyCode 229 alone.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.keyCode !== 13 && event.keyCode !== 229) return;
  if (!event.isComposing && event.keyCode !== 229) return;
  if (event.target.closest("input")) event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// Menus close by Escape, and where one looks elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open], .suggestions details[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.menu[open], .suggestions details[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

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
      if (event.key !== "Enter" || event.shiftKey) return;
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
