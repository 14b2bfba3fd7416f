import "./page.css";
import { createRoot } from "react-dom/client";
import { SuomifiThemeProvider } from "suomifi-ui-components";
import { App } from "./views/App";
import { AppState } from "./session/app";
import { theme } from "./theme";

const app = await AppState.start();

createRoot(document.getElementById("page")!).render(
  <SuomifiThemeProvider theme={theme}>
    <App app={app} />
  </SuomifiThemeProvider>,
);
