"""Pages of the workspace."""

from django.urls import path

from apps.workspace.views import customers, deals, home, launch, layouts, orders, outside, search, shell, shipments, stock, tour

urlpatterns = [
    path("", home.home, name="home"),
    path("home/todos/", home.todos),
    path("home/messages/", home.notices),
    path("home/edit/", home.home_edit),
    path("home/layout/", home.home_layout),
    path("home/reset/", home.home_reset),
    path("home/layouts/", layouts.layout_list),
    path("home/layouts/<str:role>/", layouts.layout_edit),
    path("home/layouts/<str:role>/save/", layouts.layout_save),
    path("home/layouts/<str:role>/reset/", layouts.layout_reset),
    path("widgets/<str:key>/", home.widget),
    path("start/", launch.launch, name="start"),
    path("shell/todo-count/", shell.todo_count),
    path("search/", search.search),
    path("customers/", customers.customer_list),
    path("customers/<str:customer_id>/", customers.customer_record),
    path("customers/<str:customer_id>/edit/", customers.customer_edit),
    path("customers/<str:customer_id>/follow-ups/", customers.follow_up_add),
    path("deals/", deals.deal_list),
    path("deals/<str:deal_id>/", deals.deal_record),
    path("deals/<str:deal_id>/win/", deals.deal_win),
    path("orders/", orders.order_list),
    path("orders/<str:order_id>/", orders.order_record),
    path("shipments/", shipments.shipment_list),
    path("shipments/<str:shipment_id>/", shipments.shipment_record),
    path("shipments/<str:shipment_id>/state/", shipments.shipment_news),
    path("shipments/<str:shipment_id>/advance/", shipments.shipment_advance),
    path("stock/", stock.stock_list),
    path("open/<str:system>/", outside.open_outside),
    path("tour/", tour.tour_start),
    path("tour/<str:deal_id>/", tour.tour_page),
    path("tour/<str:deal_id>/go/", tour.tour_go),
]
