"""What people say of what was handed in, and the gate before done."""
