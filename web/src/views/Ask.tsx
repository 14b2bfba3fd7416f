/* A question before something that can't be taken back. */
import { Button, Modal, ModalContent, ModalFooter, ModalTitle } from "suomifi-ui-components";
import { useWords } from "./context";

export function Ask(props: {
  open: boolean;
  title: string;
  text: string;
  yes: string;
  onYes: () => void;
  onNo: () => void;
}) {
  const words = useWords();
  if (!props.open) return null;
  return (
    <Modal visible appElementId="page" onEscKeyDown={props.onNo}>
      <ModalContent>
        <ModalTitle>{props.title}</ModalTitle>
        {props.text}
      </ModalContent>
      <ModalFooter>
        <Button onClick={props.onYes}>{props.yes}</Button>
        <Button variant="secondary" onClick={props.onNo}>
          {words.t("page.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
