/** Holds requests until somebody lets them go. */
export class Gate {
  private held: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.held.push(resolve));
  }

  /** @returns how many were let go. */
  release(): number {
    const held = this.held;
    this.held = [];
    for (const go of held) go();
    return held.length;
  }

  get count(): number {
    return this.held.length;
  }
}
