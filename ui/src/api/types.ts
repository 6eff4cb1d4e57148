import type { components } from "@/api/schema.gen";

type Schemas = components["schemas"];

export type Page<T> = { items: T[]; next: string | null };

export type Session = Schemas["SessionOut"];
export type Member = Schemas["MemberOut"];
export type Role = Schemas["Role"];

export type Agent = Schemas["AgentOut"];
export type Status = Schemas["StatusOut"];
export type StatusState = Status["state"];
export type Desired = Schemas["Desired"];
export type AgentDraft = Schemas["AgentIn"];
export type AgentChange = Schemas["AgentPatch"];
export type Key = Schemas["KeyOut"];
export type NewKey = Schemas["IssuedOut"];

export type Task = Schemas["TaskOut"];
export type TaskState = Schemas["TaskState"];
export type Priority = Task["priority"];
export type TaskDraft = Schemas["TaskIn"];
export type TaskChange = Schemas["TaskPatch"];
export type Board = Schemas["BoardOut"];
export type LeverOrder = Schemas["OrderOut"];
export type LeverDone = Schemas["DoneOut"];
export type LeverScope = Schemas["Scope"];
export type Signal = Schemas["SignalOut"];
export type SignalDetail = Schemas["SignalDetailOut"];
export type Instructions = Schemas["InstructionsOut"];
export type Connect = Schemas["ConnectOut"];
export type Snippet = Schemas["SnippetOut"];
export type Approval = Schemas["ApprovalOut"];
export type Budget = Schemas["BudgetOut"];
export type Limit = Schemas["LimitOut"];
export type Project = Schemas["ProjectOut"];
export type Bulk = Schemas["BulkIn"];
export type BulkDone = Schemas["BulkOut"];
export type Reviewed = Schemas["ReviewedOut"];
export type Deliverable = Schemas["DeliverableOut"];
export type DeliverableKind = Schemas["DeliverableKind"];
export type Version = Schemas["VersionOut"];
export type VersionWithText = Schemas["VersionWithTextOut"];
export type Diff = Schemas["DiffOut"];
export type Hunk = Schemas["HunkOut"];
export type Review = Schemas["ReviewOut"];
export type Reviews = Schemas["ReviewsOut"];
export type ReviewDraft = Schemas["ReviewIn"];
export type Remark = Schemas["RemarkIn"];
export type Verdict = Schemas["Verdict"];
export type Comment = Schemas["CommentOut"];
export type CommentDraft = Schemas["CommentIn"];
export type Mentioned = Schemas["MentionOut"];
export type Question = Schemas["QuestionOut"];
export type Need = Schemas["NeedOut"];
export type Graph = Schemas["GraphOut"];
export type GraphTask = Schemas["GraphTaskOut"];
export type Conversation = Schemas["ConversationOut"];
export type Run = Schemas["RunOut"];
export type RunState = Schemas["RunState"];

export type Call = Schemas["CallOut"];
export type CallDetail = Schemas["CallDetailOut"];
export type Outcome = Call["outcome"];
export type Usage = Schemas["UsageOut"];
export type Rendered = Schemas["RenderedOut"];
export type Message = Schemas["MessageOut"];
export type Part = Schemas["PartOut"];

export type Costs = Schemas["CostsOut"];
export type CostBucket = Schemas["BucketOut"];
export type CostSums = Schemas["SumsOut"];

export type Provider = Schemas["ProviderOut"];
export type ProviderKind = Schemas["KindOut"];
export type ProviderDraft = Schemas["ProviderIn"];
export type ProviderChange = Schemas["ProviderPatch"];
export type Settings = Schemas["SettingsOut"];

export type Named = Schemas["Named"];
export type AuditEntry = Schemas["AuditEntryOut"];
export type Schedule = Schemas["ScheduleOut"];
export type ScheduleMade = Schemas["ScheduleMadeOut"];
export type ScheduleDraft = Schemas["ScheduleIn"];
export type Channel = Schemas["ChannelOut"];
export type ChannelDraft = Schemas["ChannelIn"];
export type NotificationKind = Schemas["NotificationKindOut"];
export type Delivery = Schemas["DeliveryOut"];
export type Route = Schemas["RouteOut"];
export type DryRun = Schemas["DryRunOut"];
export type DryRunAsk = Schemas["DryRunIn"];
export type ProviderHealth = Schemas["ProviderHealthOut"];
export type BudgetDraft = Schemas["BudgetIn"];
export type Waste = Schemas["WasteOut"];
