"""A small chat product for demo and tests: WeCom, DingTalk or WeLink as far as the portal speaks with them, on the line and signed like them."""
