/** A choice of many that is asked for from anywhere, such as a menu that is gone by then. */
import type { Choice } from "../components/choices";

export interface Question {
  title: string;
  choices: readonly Choice[];
  /** What is chosen now. */
  value: string | null;
  pick: (value: string) => void;
}

class Picking {
  question: Question | null = $state.raw(null);

  ask(question: Question): void {
    this.question = question;
  }

  /** Closes the question, with what was chosen. */
  answer(value: string): void {
    const { question } = this;
    this.question = null;
    if (question && value !== question.value) question.pick(value);
  }

  cancel(): void {
    this.question = null;
  }
}

export const picking = new Picking();
