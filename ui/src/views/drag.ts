/** What is dragged inside the window: `connection <uid>` or `group <uid>`. */
export const DRAG_TYPE = "application/x-farwire";
