/** Short notes that something was done. Errors that need an answer are never shown here. */

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 6000;

class Toasts {
  all: Toast[] = $state.raw([]);
  private next = 1;

  /** Shows a note for a while; returns what takes it away. */
  show(text: string, action?: Toast["action"], forMs = SHOWN_MS): () => void {
    const id = this.next++;
    const toast: Toast = action ? { id, text, action } : { id, text };
    this.all = [...this.all.slice(-2), toast];
    const timer = setTimeout(() => this.remove(id), forMs);
    return () => {
      clearTimeout(timer);
      this.remove(id);
    };
  }

  remove(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
