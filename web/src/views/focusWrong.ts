/* After an attempt to go on: where what is wrong begins. */

/** The summary of what is wrong, else the first field that is or what is said of it, once it has been drawn. */
export function focusWrong(root: HTMLElement | null): void {
  setTimeout(() => {
    const summary = root?.querySelector<HTMLElement>(".fi-error-summary_heading");
    (
      summary ?? root?.querySelector<HTMLElement>("[aria-invalid=true], [role=alert][tabindex]:not(:empty)")
    )?.focus();
  });
}
