import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Question } from "@/api/types";

export const questionKeys = { all: ["questions"] as const, of: (taskId: string) => ["questions", "of", taskId] as const };

export const questionsQuery = (taskId: string) =>
  queryOptions({
    queryKey: questionKeys.of(taskId),
    queryFn: async ({ signal }) =>
      (await data<{ items: Question[] }>(api.GET("/api/v1/tasks/{task_id}/questions", { params: { path: { task_id: taskId } }, signal }))).items,
  });

export const answerQuestion = (id: string, answer: string): Promise<Question> =>
  data<Question>(api.POST("/api/v1/questions/{question_id}/answer", { params: { path: { question_id: id } }, body: { answer } }));
