// Files are dropped onto a form, folders included; without this they are chosen.
"use strict";
for (const form of document.querySelectorAll("form.drop")) {
  const field = form.querySelector("input[name=file]");
  const folder = form.querySelector("input[name=folder]");
  if (folder && "webkitdirectory" in folder) folder.closest("p").hidden = false;

  const within = async (entry, path, found) => {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => { entry.file(done, failed); });
      found.push([file, path + file.name]);
      return;
    }
    const reader = entry.createReader();
    // A folder comes in parts, the last of which is empty.
    for (;;) {
      const some = await new Promise((done, failed) => { reader.readEntries(done, failed); });
      if (!some.length) return;
      for (const one of some) await within(one, `${path}${entry.name}/`, found);
    }
  };

  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", async (event) => {
    event.preventDefault();
    form.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
    if (!entries.some((entry) => entry?.isDirectory)) {
      field.files = event.dataTransfer.files;
      form.requestSubmit();
      return;
    }
    const found = [];
    for (const entry of entries) if (entry) await within(entry, "", found);
    const files = new DataTransfer();
    for (const [file, name] of found) files.items.add(new File([file], name.replaceAll("/", " – ")));
    field.files = files.files;
    form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    form.querySelector(".sending").textContent = form.dataset.busy;
  });
}
