from orders.order import Event, IllegalMove, Order, State
from orders.store import Store

__all__ = ["Event", "IllegalMove", "Order", "State", "Store"]
