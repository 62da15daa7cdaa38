// Words of tables that are not long and are broken all the same.
(() => {
  const range = document.createRange();
  const broken = [];
  for (const cell of [...document.querySelectorAll("td")].filter(cell => cell.firstChild?.nodeType == Node.TEXT_NODE)) {
    for (const word of cell.textContent.matchAll(/\S{1,12}(?=\s|$)/g)) {
      if (word.index > 0 && cell.textContent[word.index - 1].trim()) continue;
      range.setStart(cell.firstChild, word.index);
      range.setEnd(cell.firstChild, word.index + word[0].length);
      if (range.getBoundingClientRect().height > 30) broken.push(`broken: ${word[0]}`);
    }
  }
  return broken.slice(0, 20);
})();
