// what was measured → rows: ours, theirs, the ratio

/**
 * @typedef {{ what: string, unit: string, ours: number, theirs: number | null, peer: string | null,
 *   ratio: number | null }} Row
 */
/**
 * @param {string} what @param {string} unit @param {number} ours @param {number} [theirs] @param {string} [peer]
 * @returns {Row}
 */
export function row(what, unit, ours, theirs, peer) {
  return { what, unit, ours, theirs: theirs ?? null, peer: peer ?? null, ratio: theirs ? ours / theirs : null };
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {Row[]} rows As a table of Markdown. */
export function table(rows) {
  const number = (/** @type {number | null} */ value) =>
    value === null
      ? ""
      : Math.abs(value) >= 100
        ? value.toFixed(0)
        : Math.abs(value) >= 10
          ? value.toFixed(1)
          : value.toFixed(Math.abs(value) < 1 ? 4 : 2);
  const cells = [
    ["what", "ours", "theirs", "peer", "ratio"],
    ...rows.map(({ what, unit, ours, theirs, peer, ratio }) => [
      what,
      `${number(ours)} ${unit}`,
      number(theirs),
      peer ?? "",
      ratio === null ? "" : `${ratio.toFixed(2)}×`,
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const line = (/** @type {string[]} */ each) =>
    `| ${each.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [
    line(cells[0]),
    `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`,
    ...cells.slice(1).map(line),
  ].join("\n");
}
