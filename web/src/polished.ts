/*
 * What the components take of the package `polished` (vite.config.ts puts this in its place). That one computes with colours and
 * lengths as they are written; ours are variables (theme.ts), so it is the browser that computes.
 */
const part = (colour: string, alpha: number) =>
  `color-mix(in srgb, ${colour} ${Math.round(alpha * 100)}%, transparent)`;

export const transparentize = (amount: number, colour: string) => part(colour, 1 - amount);
export const parseToRgb = (colour: string) => ({ colour });
export const toColorString = ({ colour, alpha }: { colour: string; alpha: number }) => part(colour, alpha);
export const math = (formula: string) => `calc(${formula})`;
