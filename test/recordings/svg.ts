/**
 * Screens as one animated picture: they stand side by side, and a window moves from one to the next.
 *
 * Keeps true: each line is drawn once and used where it is shown, which makes it small; without animation the last screen is shown.
 */
import type { Cast } from './cast';
import type { Frame, Row, Run } from './frames';

const CELL_WIDTH = 8;
const LINE_HEIGHT = 18;
const FONT_SIZE = 13;
const PADDING = 14;
const BACKGROUND = '#1e1e2e';
const TEXT = '#d9e0ee';
/** Of the terminal's first 16. */
const COLORS = ['#45475a', '#f38ba8', '#a6e3a1', '#f9e2af', '#89b4fa', '#f5c2e7', '#94e2d5', '#bac2de'];
/** The last screen stays so long before it begins again. */
const LAST_SECONDS = 4;

export function svgOf({ columns, rows, title }: Cast, frames: Frame[]): string {
  const [width, height] = [columns * CELL_WIDTH, rows * LINE_HEIGHT];
  const drawn = new Map<string, string>();
  const idOf = (row: Row): string => {
    const content = row.map(textOf).join('');
    const id = drawn.get(content) ?? `r${drawn.size}`;
    drawn.set(content, id);
    return id;
  };
  const screens = frames.map((frame, index) => {
    const uses = frame.rows.map((row, line) => (row.length === 0 ? '' : `<use href="#${idOf(row)}" y="${line * LINE_HEIGHT}"/>`));
    return `<g transform="translate(${index * width})">${uses.join('')}</g>`;
  });
  const defs = [...drawn].map(([content, id]) => `<g id="${id}">${content}</g>`);
  const [outerWidth, outerHeight] = [width + 2 * PADDING, height + 2 * PADDING];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${outerWidth} ${outerHeight}" width="${outerWidth}" height="${outerHeight}">
<title>${escaped(title)}</title>
<style>
text{font:${FONT_SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${TEXT};white-space:pre}
.b{font-weight:bold}.d{opacity:.6}
${COLORS.map((color, index) => `.c${index}{fill:${color}}`).join('')}
${animation(frames, width)}
</style>
<defs>${defs.join('')}</defs>
<rect width="${outerWidth}" height="${outerHeight}" rx="8" fill="${BACKGROUND}"/>
<svg x="${PADDING}" y="${PADDING}" width="${width}" height="${height}"><g class="s">${screens.join('\n')}</g></svg>
</svg>
`;
}

function animation(frames: Frame[], width: number): string {
  const beganAt = frames[0]?.atSeconds ?? 0;
  const seconds = (frames.at(-1)?.atSeconds ?? 0) - beganAt + LAST_SECONDS;
  const steps = frames.map(({ atSeconds }, index) => {
    const percent = (((atSeconds - beganAt) / seconds) * 100).toFixed(2);
    return `${percent}%{transform:translateX(${-index * width}px)}`;
  });
  const last = `transform:translateX(${-(frames.length - 1) * width}px)`;
  return `.s{${last};animation:s ${seconds.toFixed(2)}s step-end infinite}
@media (prefers-reduced-motion:reduce){.s{animation:none}}
@keyframes s{${steps.join('')}100%{${last}}}`;
}

/** As wide as its cells, whatever the font. */
function textOf({ column, text, style: { color, bold, dim } }: Run): string {
  const classes = [color === undefined ? undefined : `c${color % COLORS.length}`, bold ? 'b' : undefined, dim ? 'd' : undefined];
  const named = classes.filter((name) => name !== undefined).join(' ');
  const width = Array.from(text).length * CELL_WIDTH;
  const attributes = `x="${column * CELL_WIDTH}" y="${FONT_SIZE}" textLength="${width}"${named === '' ? '' : ` class="${named}"`}`;
  return `<text ${attributes} lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
