export const questions = {
  asks: "asks",
  answer: "Answer",
  inWords: "Answer in words…",
  yourAnswer: "Your answer",
  answered: (answer: string) => `Answered: ${answer.length > 60 ? `${answer.slice(0, 60)}…` : answer}`,
  deadline: "Answer is wanted",
  otherwise: (answer: string) => `else “${answer}” holds`,
  state: {
    open: "waits for an answer",
    answered: "answered",
    defaulted: "nobody answered in time, the default holds",
    expired: "nobody answered in time",
  },
};
