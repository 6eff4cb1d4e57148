export { UnclaimedPage as UnclaimedRoute } from "@/features/unclaimed/unclaimed-page";
