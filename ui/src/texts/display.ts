/** The texts of how a VNC machine’s picture is asked for, in the details. */
export const display = {
  resize: "Resize to the window",
  resizeHint: "The remote desktop takes the size of its tab",
  shared: "Shared",
  sharedHint: "Leave other viewers connected",
  viewOnly: "Begin observing",
  viewOnlyHint: "Input stays off until you take control",
  quality: "Quality",
  colours: "Colours",
  colourNames: { full: "All", high: "65,536 (16 bits)", low: "256 (8 bits)", mapped: "256, chosen by the machine", server: "As the machine has them" },
  qualityAuto: "Automatic, as the link carries",
  qualityLossless: "Lossless",
  qualityLevel: (level: number) => (level === 0 ? "0, smallest" : level === 9 ? "9, best" : String(level)),
  compression: "Compression",
  compressionAuto: "Automatic, by the quality",
  compressionLevel: (level: number): string => (level === 0 ? "0, least work" : level === 9 ? "9, smallest" : String(level)),
};
