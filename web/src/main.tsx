import "./page.css";
import { createRoot } from "react-dom/client";
import { SuomifiThemeProvider, defaultSuomifiTheme } from "suomifi-ui-components";
import { App } from "./views/App";
import { AppState } from "./session/app";

const app = await AppState.start();

createRoot(document.getElementById("page")!).render(
  <SuomifiThemeProvider theme={defaultSuomifiTheme}>
    <App app={app} />
  </SuomifiThemeProvider>,
);
