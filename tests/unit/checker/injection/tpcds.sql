-- Some of TPC-DS's queries in PostgreSQL's dialect, with parameters filled in (TPC-DS 3.2.0, appendix B).
-- 1
with customer_total_return as (
  select sr_customer_sk as ctr_customer_sk, sr_store_sk as ctr_store_sk, sum(sr_return_amt) as ctr_total_return
  from store_returns, date_dim where sr_returned_date_sk = d_date_sk and d_year = 2000
  group by sr_customer_sk, sr_store_sk)
select c_customer_id from customer_total_return ctr1, store, customer
where ctr1.ctr_total_return > (select avg(ctr_total_return) * 1.2 from customer_total_return ctr2
    where ctr1.ctr_store_sk = ctr2.ctr_store_sk)
  and s_store_sk = ctr1.ctr_store_sk and s_state = 'TN' and ctr1.ctr_customer_sk = c_customer_sk
order by c_customer_id limit 100;
-- 3
select dt.d_year, item.i_brand_id brand_id, item.i_brand brand, sum(ss_ext_sales_price) sum_agg
from date_dim dt, store_sales, item
where dt.d_date_sk = store_sales.ss_sold_date_sk and store_sales.ss_item_sk = item.i_item_sk
  and item.i_manufact_id = 128 and dt.d_moy = 11
group by dt.d_year, item.i_brand, item.i_brand_id order by dt.d_year, sum_agg desc, brand_id limit 100;
-- 6
select a.ca_state state, count(*) cnt from customer_address a, customer c, store_sales s, date_dim d, item i
where a.ca_address_sk = c.c_current_addr_sk and c.c_customer_sk = s.ss_customer_sk
  and s.ss_sold_date_sk = d.d_date_sk and s.ss_item_sk = i.i_item_sk
  and d.d_month_seq = (select distinct (d_month_seq) from date_dim where d_year = 2001 and d_moy = 1)
  and i.i_current_price > 1.2 * (select avg(j.i_current_price) from item j where j.i_category = i.i_category)
group by a.ca_state having count(*) >= 10 order by cnt, a.ca_state limit 100;
-- 7
select i_item_id, avg(ss_quantity) agg1, avg(ss_list_price) agg2, avg(ss_coupon_amt) agg3, avg(ss_sales_price) agg4
from store_sales, customer_demographics, date_dim, item, promotion
where ss_sold_date_sk = d_date_sk and ss_item_sk = i_item_sk and ss_cdemo_sk = cd_demo_sk
  and ss_promo_sk = p_promo_sk and cd_gender = 'M' and cd_marital_status = 'S' and cd_education_status = 'College'
  and (p_channel_email = 'N' or p_channel_event = 'N') and d_year = 2000
group by i_item_id order by i_item_id limit 100;
-- 9
select case when (select count(*) from store_sales where ss_quantity between 1 and 20) > 74129
    then (select avg(ss_ext_discount_amt) from store_sales where ss_quantity between 1 and 20)
    else (select avg(ss_net_paid) from store_sales where ss_quantity between 1 and 20) end bucket1
from reason where r_reason_sk = 1;
-- 19
select i_brand_id brand_id, i_brand brand, i_manufact_id, i_manufact, sum(ss_ext_sales_price) ext_price
from date_dim, store_sales, item, customer, customer_address, store
where d_date_sk = ss_sold_date_sk and ss_item_sk = i_item_sk and i_manager_id = 8 and d_moy = 11 and d_year = 1998
  and ss_customer_sk = c_customer_sk and c_current_addr_sk = ca_address_sk
  and substr(ca_zip, 1, 5) <> substr(s_zip, 1, 5) and ss_store_sk = s_store_sk
group by i_brand, i_brand_id, i_manufact_id, i_manufact
order by ext_price desc, i_brand, i_brand_id, i_manufact_id, i_manufact limit 100;
-- 37
select i_item_id, i_item_desc, i_current_price from item, inventory, date_dim, catalog_sales
where i_current_price between 68 and 68 + 30 and inv_item_sk = i_item_sk and d_date_sk = inv_date_sk
  and d_date between cast('2000-02-01' as date) and (cast('2000-02-01' as date) + interval '60 days')
  and i_manufact_id in (677, 940, 694, 808) and inv_quantity_on_hand between 100 and 500 and cs_item_sk = i_item_sk
group by i_item_id, i_item_desc, i_current_price order by i_item_id limit 100;
-- 38
select count(*) from (
  select distinct c_last_name, c_first_name, d_date from store_sales, date_dim, customer
  where store_sales.ss_sold_date_sk = date_dim.d_date_sk and store_sales.ss_customer_sk = customer.c_customer_sk
    and d_month_seq between 1200 and 1200 + 11
  intersect
  select distinct c_last_name, c_first_name, d_date from catalog_sales, date_dim, customer
  where catalog_sales.cs_sold_date_sk = date_dim.d_date_sk
    and catalog_sales.cs_bill_customer_sk = customer.c_customer_sk and d_month_seq between 1200 and 1200 + 11
) hot_cust limit 100;
-- 42
select dt.d_year, item.i_category_id, item.i_category, sum(ss_ext_sales_price) from date_dim dt, store_sales, item
where dt.d_date_sk = store_sales.ss_sold_date_sk and store_sales.ss_item_sk = item.i_item_sk
  and item.i_manager_id = 1 and dt.d_moy = 11 and dt.d_year = 2000
group by dt.d_year, item.i_category_id, item.i_category
order by sum(ss_ext_sales_price) desc, dt.d_year, item.i_category_id, item.i_category limit 100;
-- 43
select s_store_name, s_store_id, sum(case when d_day_name = 'Sunday' then ss_sales_price else null end) sun_sales,
  sum(case when d_day_name = 'Monday' then ss_sales_price else null end) mon_sales
from date_dim, store_sales, store
where d_date_sk = ss_sold_date_sk and s_store_sk = ss_store_sk and s_gmt_offset = -5 and d_year = 2000
group by s_store_name, s_store_id order by s_store_name, s_store_id limit 100;
-- 51, its windows
select item_sk, d_date, web_sales, max(web_sales) over (partition by item_sk order by d_date
  rows between unbounded preceding and current row) web_cumulative
from (select ws_item_sk item_sk, d_date, sum(ws_sales_price) web_sales from web_sales, date_dim
  where ws_sold_date_sk = d_date_sk and d_month_seq between 1200 and 1211 and ws_item_sk is not null
  group by ws_item_sk, d_date) w
order by item_sk, d_date limit 100;
-- 55
select i_brand_id brand_id, i_brand brand, sum(ss_ext_sales_price) ext_price from date_dim, store_sales, item
where d_date_sk = ss_sold_date_sk and ss_item_sk = i_item_sk and i_manager_id = 28 and d_moy = 11 and d_year = 1999
group by i_brand, i_brand_id order by ext_price desc, i_brand_id limit 100;
-- 76, with its constants
select channel, col_name, d_year, count(*) sales_cnt from (
  select 'store' as channel, 'ss_store_sk' col_name, d_year, ss_ext_sales_price ext_sales_price
  from store_sales, date_dim where ss_store_sk is null and ss_sold_date_sk = d_date_sk
  union all
  select 'web' as channel, 'ws_ship_customer_sk' col_name, d_year, ws_ext_sales_price
  from web_sales, date_dim where ws_ship_customer_sk is null and ws_sold_date_sk = d_date_sk) foo
group by channel, col_name, d_year order by channel, col_name, d_year limit 100;
-- 96
select count(*) from store_sales, household_demographics, time_dim, store
where ss_sold_time_sk = time_dim.t_time_sk and ss_hdemo_sk = household_demographics.hd_demo_sk
  and ss_store_sk = s_store_sk and time_dim.t_hour = 20 and time_dim.t_minute >= 30
  and household_demographics.hd_dep_count = 7 and store.s_store_name = 'ese'
order by count(*) limit 100;
-- 98
select i_item_id, i_item_desc, i_category, i_class, i_current_price, sum(ss_ext_sales_price) as itemrevenue,
  sum(ss_ext_sales_price) * 100 / sum(sum(ss_ext_sales_price)) over (partition by i_class) as revenueratio
from store_sales, item, date_dim
where ss_item_sk = i_item_sk and i_category in ('Sports', 'Books', 'Home') and ss_sold_date_sk = d_date_sk
  and d_date between cast('1999-02-22' as date) and (cast('1999-02-22' as date) + interval '30 days')
group by i_item_id, i_item_desc, i_category, i_class, i_current_price
order by i_category, i_class, i_item_id, i_item_desc, revenueratio;
