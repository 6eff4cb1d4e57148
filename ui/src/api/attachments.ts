import { queryOptions } from "@tanstack/react-query";

import type { Upload } from "@/api/client";
import { api, data, sendFile } from "@/api/client";
import type { Attachment } from "@/api/types";

export const attachmentKeys = {
  all: ["attachments"] as const,
  of: (taskId: string) => ["attachments", "of", taskId] as const,
};

export const attachmentsQuery = (taskId: string) =>
  queryOptions({
    queryKey: attachmentKeys.of(taskId),
    queryFn: async ({ signal }) =>
      (await data<{ items: Attachment[] }>(api.GET("/api/v1/tasks/{task_id}/attachments", { params: { path: { task_id: taskId } }, signal }))).items,
  });

/** The server sends it to be saved and never as a page, whatever it is. */
export const attachmentPath = (id: string): string => `/api/v1/attachments/${encodeURIComponent(id)}/content`;

export const attachFile = (taskId: string, file: File, upload: Upload): Promise<Attachment> =>
  sendFile<Attachment>(`/api/v1/tasks/${encodeURIComponent(taskId)}/attachments/content?name=${encodeURIComponent(file.name)}`, file, upload);

export const removeAttachment = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/attachments/{attachment_id}", { params: { path: { attachment_id: id } } }));
