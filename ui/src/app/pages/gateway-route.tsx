export { GatewayPage as GatewayRoute } from "@/features/gateway/gateway-page";
