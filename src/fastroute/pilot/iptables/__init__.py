"""Redirection of a pod's traffic to its Envoy: rules, what they do to a packet, and their application.

plan = generate(Options(inbound_ports="*", outbound_ranges="*"), PROFILES["1.8"])
restore_text(plan.v4)                                   the text for iptables-restore
interpret(plan.v4, Packet("outbound", "10.0.0.1", 80))  the verdict, with the rules looked at
"""
