/* The components' colours: the Suomi.fi tokens that they use, as variables of page.css, where they are light or dark. */
import { defaultSuomifiTheme, type ColorProp, type PartialSuomifiTheme } from "suomifi-ui-components";

const VARIABLES: Partial<Record<ColorProp, string>> = {
  whiteBase: "ground",
  blackBase: "text",
  blackLight1: "quiet",
  depthDark1: "quiet",
  depthDark2: "quiet",
  depthDark3: "edge",
  depthBase: "faint",
  depthLight1: "line",
  depthLight2: "soft",
  depthLight3: "soft",
  depthSecondary: "soft",
  depthSecondaryDark1: "link-soft",
  highlightDark1: "link-pressed",
  highlightBase: "link",
  highlightLight1: "link",
  highlightLight2: "link-soft",
  highlightLight3: "link-soft",
  highlightLight4: "soft",
  accentSecondary: "focus",
  successBase: "good",
  warningBase: "warn",
  warningLight1: "warn-soft",
  alertBase: "bad",
  alertLight1: "bad-soft",
  infoBase: "link",
  infoLight1: "link-soft",
};

const { colors, gradients, focuses } = defaultSuomifiTheme;
const written = new Map(
  Object.entries(VARIABLES).map(([token, name]) => [colors[token as ColorProp], `var(--${name})`]),
);

// Gradients and the marks of focus have the same colours within them.
function ours<T>(tokens: T): T {
  const text = JSON.stringify(tokens).replace(/hsl\([^)]*\)/g, (colour) => written.get(colour) ?? colour);
  return JSON.parse(text) as T;
}

export const theme: PartialSuomifiTheme = {
  ...ours({ colors, gradients, focuses }),
  // It is of a dark colour, for light text alone.
  shadows: { invertTextShadow: "none" },
};
