"""The middleware modules, one small file each, in folders named after their phase. Order is in `order.py`."""
