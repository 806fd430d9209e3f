/** The Temporal UI as an operator has it: Chromium, without a window, at 1280x900. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';

const SIZE = { width: 1280, height: 900 };
const WAIT_MS = 60_000;
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** `LRO_CHROMIUM`, or what the PATH has; undefined where there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env['LRO_CHROMIUM'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = named === undefined ? PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))) : [named];
  return candidates.find((path) => existsSync(path));
}

/** A part of a page, in pixels from its top left. */
export interface Clip {
  x: number;
  y: number;
  width: number;
  height: number;
}

export class Ui {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
    private readonly url: string,
  ) {}

  static async open(executablePath: string, url: string): Promise<Ui> {
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const page = await browser.newPage({ viewport: SIZE, timezoneId: 'UTC' });
    page.setDefaultTimeout(WAIT_MS);
    return new Ui(browser, page, url);
  }

  /** The ids in the list that a filter leaves, once `wanted` is among them. */
  async listed(query: string, wanted: string): Promise<string[]> {
    await this.page.goto(`${this.url}/namespaces/default/workflows?query=${encodeURIComponent(query)}`);
    const links = this.page.locator('table a[href*="/workflows/"]');
    await this.linkTo(wanted).first().waitFor();
    const texts = await links.allInnerTexts();
    return texts.filter((text) => !/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(text) && text.trim() !== '' && !text.startsWith('run'));
  }

  /** Goes on from the list to the page of a workflow: its timeline. */
  async choose(id: string): Promise<void> {
    await this.linkTo(id).first().click();
    await this.page.getByRole('heading', { name: 'Timeline' }).waitFor();
  }

  /** Goes on from the page of a workflow to what it says of itself. */
  async details(): Promise<void> {
    await this.page.getByText('User Metadata', { exact: true }).first().click();
    await this.page.getByText('Current Details').first().waitFor();
  }

  /** Waits until the first screen shows a text, without scrolling. What stands in details is in frames of the page. @throws where it does not */
  async onFirstScreen(text: RegExp): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      for (const frame of this.page.frames()) {
        // A frame may be loaded anew at that moment.
        const found = await frame
          .getByText(text)
          .all()
          .catch(() => []);
        for (const one of found) if (await isOnScreen(one)) return;
      }
      if (Date.now() > deadline) throw new Error(`${String(text)} is not on the first screen`);
      await this.page.waitForTimeout(100);
    }
  }

  async picture(path: string, clip: Clip): Promise<void> {
    await this.page.screenshot({ path, clip });
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  private linkTo(id: string): Locator {
    return this.page.getByRole('link', { name: id, exact: true });
  }
}

async function isOnScreen(found: Locator): Promise<boolean> {
  // It may be drawn anew at that moment.
  const box = await found.boundingBox({ timeout: 5000 }).catch(() => null);
  return box !== null && box.y >= 0 && box.y + box.height <= SIZE.height;
}
