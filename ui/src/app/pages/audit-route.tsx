export { AuditPage as AuditRoute } from "@/features/audit/audit-page";
