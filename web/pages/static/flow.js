// The flow diagram as a picture: drawn by the browser, with the fonts that the reader sees.
"use strict";
(() => {
  const link = document.querySelector("[data-png]");
  if (!link) return;
  link.hidden = false;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      // Three times the size: sharp enough for print.
      canvas.width = image.naturalWidth * 3;
      canvas.height = image.naturalHeight * 3;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => {
        const saved = document.createElement("a");
        saved.href = URL.createObjectURL(blob);
        saved.download = link.dataset.png;
        saved.click();
        URL.revokeObjectURL(saved.href);
      }, "image/png");
    });
    image.src = link.href;
  });
})();
